"""What all readers of feeds share."""


class FeedError(Exception):
    """A whole source cannot be read; the message says why, in plain words."""
