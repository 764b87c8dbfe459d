"""Destinations: where a finished document goes, an S3 bucket or a folder of this machine."""

from openinspector.signals.destinations.destination import (
    Destination,
    DestinationError,
    Watch,
    open_destination,
)

__all__ = ["Destination", "DestinationError", "Watch", "open_destination"]
