"""Wall times as people write them.

A wall time is a statement to show and to print, never an order to sort by.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""All of China keeps one civil time, without summer time since 1991."""


def local_text(now_ms: int) -> str:
    """Return milliseconds since 1970 as ISO 8601 with seconds and offset, civil time."""
    return local_datetime(now_ms).isoformat(timespec="seconds")


def local_date(now_ms: int) -> date:
    """Return the civil date of milliseconds since 1970."""
    return local_datetime(now_ms).date()


def local_datetime(now_ms: int) -> datetime:
    """Return milliseconds since 1970 as civil time."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(CHINA)
