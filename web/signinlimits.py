"""How long a login must wait after wrong passwords: guessing is slow, a typing error is not."""

from collections import OrderedDict
from dataclasses import dataclass

FREE_ATTEMPTS = 3
WAIT_MS_FIRST = 2_000
WAIT_MS_MAX = 5 * 60 * 1000
USERS_MAX = 10_000
"""Names that are remembered; the oldest is forgotten first, so that guesses fill no memory."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords in a row for one name, and the wall time before which none is tried."""

    count: int = 0
    until_ms: int = 0


def after_failure(failures: Failures, now_ms: int) -> Failures:
    """The failures after one more: from the third on the wait doubles, up to five minutes."""
    count = failures.count + 1
    if count < FREE_ATTEMPTS:
        return Failures(count)
    doublings = min(count - FREE_ATTEMPTS, 16)
    return Failures(count, now_ms + min(WAIT_MS_FIRST << doublings, WAIT_MS_MAX))


class SignInLimits:
    """The failures of all names, known and invented alike, so that they cannot be told apart.

    Not safe for use by several threads at once; the caller holds a lock.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[str, Failures] = OrderedDict()

    def wait_ms(self, name: str, now_ms: int) -> int:
        """How long this name must still wait, 0 when it may try.

        A clock that was set back cannot make the wait longer than its ceiling.
        """
        until_ms = self._failures.get(name, Failures()).until_ms
        return min(max(0, until_ms - now_ms), WAIT_MS_MAX)

    def failed(self, name: str, now_ms: int) -> None:
        """Count one wrong password."""
        self._failures[name] = after_failure(self._failures.pop(name, Failures()), now_ms)
        if len(self._failures) > USERS_MAX:
            self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the failures of a name."""
        self._failures.pop(name, None)
