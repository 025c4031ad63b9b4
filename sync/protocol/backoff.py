"""How long to leave a dead link alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Exponential delay with a ceiling, so that a dead link costs little power.

    The jitter is drawn by the caller, over the whole range from zero ("full jitter"): the
    schedule stays a pure function, and a simulated year of outages replays from its seed.
    """

    delay_ms_min: int = 1_000
    delay_ms_max: int = 300_000

    def ceiling_ms(self, failures: int) -> int:
        """The longest wait after this many failures in a row; 0 after none."""
        if failures <= 0:
            return 0
        return min(self.delay_ms_max, self.delay_ms_min << min(failures - 1, 30))
