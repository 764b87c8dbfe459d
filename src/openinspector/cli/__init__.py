"""The command line."""


def main() -> None:
    """Entry point of the `openinspector` command."""
    from openinspector.cli.app import app
    from openinspector.cli.exits import run

    run(app)
