"""JSON that was damaged: members gone, of another type, or with another's value."""

import copy
from typing import Any

from hypothesis import strategies as st

JUNK: tuple[Any, ...] = (
    None,
    "",
    "x",
    -1,
    0,
    2**70,
    1.5,
    True,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"x": []},
)
JUNK = (*JUNK, "sg-gone", "10.0.0.0/8", "::/0", "300.1.1.1/8", float("inf"), "\ud800")


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with every key or index in it."""
    found, waiting = [], [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, (dict, list)):
            keys = list(here) if isinstance(here, dict) else list(range(len(here)))
            found += [(here, key) for key in keys]
            waiting += [here[key] for key in keys]
    return found


@st.composite
def mutilated(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Any:
    """A value with up to five places damaged."""
    value = copy.deepcopy(draw(values))
    for _ in range(draw(st.integers(1, 5))):
        places = _places(value)
        if not places:
            break
        here, key = places[draw(st.integers(0, len(places) - 1))]
        how = draw(st.sampled_from(("remove", "junk", "swap", "double")))
        if how == "remove":
            del here[key]
        elif how == "double" and isinstance(here, list):
            here.append(copy.deepcopy(here[key]))
        else:
            new = draw(st.sampled_from(JUNK))
            if how == "swap":
                other, at = places[draw(st.integers(0, len(places) - 1))]
                new = other[at]
            # 0 for False is another value to JSON, but none to Python: nothing would have changed.
            if new != here[key]:
                here[key] = copy.deepcopy(new)
    return value
