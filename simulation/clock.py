"""Virtual time: one clock of the world, and the wrong clocks of its offices."""

from dataclasses import dataclass

START_MS = 1_795_395_900_000
"""2026-11-23 09:05 in China, a Monday."""

_MS = 1_000


@dataclass
class WorldClock:
    """Milliseconds since 1970 as they really are."""

    ms: int = START_MS

    def advance(self, ms: int) -> None:
        """Let time pass."""
        self.ms += ms


@dataclass
class OfficeClock:
    """The clock of one office: right but for an offset that may jump."""

    world: WorldClock
    offset_ms: int = 0

    def now_ms(self) -> int:
        """Return what the office believes."""
        return self.world.ms + self.offset_ms

    def monotonic(self) -> float:
        """Return seconds that never go back, whatever the wall clock does."""
        return self.world.ms / _MS
