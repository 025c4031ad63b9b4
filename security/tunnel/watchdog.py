"""Ends links that have died or run out of time.

paramiko does not notice a dead link by itself: with its keepalive a cut link still reads as
active after minutes, because no reply is ever asked for. Here each side asks for a reply when
it has heard nothing for a while, and a link that stays silent is cut. The thread that decides
never writes to a link, so that no stalled link can hold it up.
"""

from dataclasses import dataclass
from threading import Condition, Thread
from typing import Final, Protocol

# The reading thread of an idle link looks around at least this often, so that a probe goes out
# in time. More often costs power: a hub has hundreds of idle links.
_WAKE_S_MAX: Final = 1.0

SILENT_INTERVALS_MAX: Final = 3
"""Intervals without one byte that end a link."""


@dataclass(frozen=True, slots=True)
class Probing:
    """When to ask a silent peer for a reply, and when to give it up.

    A probe goes out after each silent interval; the link is cut when `silent_intervals_max`
    intervals have passed without one byte: 60 s as it stands. Give satellite links 120 s.
    """

    interval_s: float = 20.0
    silent_intervals_max: int = SILENT_INTERVALS_MAX

    @property
    def silence_max_s(self) -> float:
        """The seconds of silence that end a link."""
        return self.interval_s * self.silent_intervals_max

    @property
    def wake_s(self) -> float:
        """How often an idle reader has to look around, in seconds."""
        return min(_WAKE_S_MAX, self.interval_s / 4)


class Watched(Protocol):
    """Something that may run out of time."""

    def seconds_left(self) -> float:
        """The time that is left now; zero or less: it is to be ended."""

    def expire(self) -> None:
        """End it; must not wait for anything. `seconds_left` is not asked again."""


class Watchdog:
    """One thread that ends whatever runs out of time."""

    def __init__(self, name: str) -> None:
        self._changed = Condition()
        self._watched: list[Watched] = []
        self._is_stopping = False
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def watch(self, watched: Watched) -> None:
        """End this one too when its time is up."""
        with self._changed:
            self._watched.append(watched)
            self._changed.notify()

    def forget(self, watched: Watched) -> None:
        """Watch this one no longer; nothing happens if it was not watched."""
        with self._changed:
            if watched in self._watched:
                self._watched.remove(watched)

    def look_again(self) -> None:
        """Tell that the time left of something has become shorter."""
        with self._changed:
            self._changed.notify()

    def stop(self) -> None:
        """End the thread soon; whoever must know that it is gone calls `join`."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread, if it was ever started."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        with self._changed:
            while not self._is_stopping:
                times = [(watched.seconds_left(), watched) for watched in self._watched]
                overdue = [watched for left, watched in times if left <= 0]
                for watched in overdue:
                    self._watched.remove(watched)
                    watched.expire()
                if not overdue:
                    self._changed.wait(min((left for left, _ in times), default=None))
