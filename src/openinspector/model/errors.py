"""Errors that a user can act on; every other exception is a defect of ours."""


class OpenInspectorError(Exception):
    """Something a user can act on: the message is one clear sentence naming what and where."""


class TargetError(OpenInspectorError):
    """The target of a scan cannot be read at all (exit code 2)."""


class MissingTarget(TargetError):
    """The target is not there, or not any more, where it was said to be."""


class DatabaseError(OpenInspectorError):
    """The advisory database is missing or unusable (exit code 3)."""
