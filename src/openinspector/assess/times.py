"""Times as advisories and statements write them."""

from datetime import UTC, datetime


def epoch_seconds(text: str | None) -> float | None:
    """Epoch seconds of an RFC 3339 time or day; None for none, and for what is no time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
