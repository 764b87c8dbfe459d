"""Hold findings against botocore's own shape of the API."""

import json
from functools import lru_cache

import botocore.session
import msgspec
from botocore.validate import ParamValidator

from openinspector.model.finding import Finding


@lru_cache(1)
def _shape():
    return botocore.session.get_session().get_service_model("inspector2").shape_for("Finding")


def _limits(shape, value, path, errors):
    """What botocore does not check on input: patterns are left out on purpose, maxima are not."""
    kind = shape.type_name
    size = len(value) if kind in ("string", "list", "map") else None
    maximum = shape.metadata.get("max")
    if size is not None and maximum is not None and size > maximum:
        errors.append(f"{path}: {size} > {maximum}")
    if kind == "string":
        allowed = shape.metadata.get("enum")
        if allowed and value not in allowed:
            errors.append(f"{path}: {value!r} not in the enum")
    elif kind == "structure":
        for name, member in value.items():
            _limits(shape.members[name], member, f"{path}.{name}", errors)
    elif kind == "list":
        for index, member in enumerate(value):
            _limits(shape.member, member, f"{path}[{index}]", errors)


def wire(finding: Finding) -> dict:
    """A finding as JSON gives it; fails where it departs from the API's shape."""
    value = json.loads(msgspec.json.encode(finding))
    report = ParamValidator().validate(value, _shape())
    assert not report.has_errors(), report.generate_report()
    errors: list[str] = []
    _limits(_shape(), value, "", errors)
    assert not errors, errors
    return value
