"""What can go wrong with the demonstration itself, in words for whoever started it."""

from __future__ import annotations

from postroad.errors import PostroadError


class DemoError(PostroadError):
    """The demonstration cannot go on; what it started is stopped."""


class StoppedError(DemoError):
    """The person at the keyboard, or the system, asked the demonstration to end."""

    def __init__(self) -> None:
        super().__init__("demo.stopped")
