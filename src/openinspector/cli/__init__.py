"""The command line."""

import gc

_COLLECTED_EVERY = 50_000
"""Objects made before Python looks for cycles of garbage. Its own number is 700: it would look
hundreds of times while modules are imported, and find nothing."""


def main() -> None:
    """Entry point of the `openinspector` command."""
    gc.set_threshold(_COLLECTED_EVERY, 20, 20)
    from openinspector.cli.app import app
    from openinspector.cli.exits import end, run

    try:
        run(app)
    except SystemExit as leaving:
        end(leaving.code)
