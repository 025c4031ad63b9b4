"""Which device may come in now, and how far: the registry's word, and the policy's."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from casebook.errors import PolicyError
from casebook.policy import GATEWAY_TARGETS, LINK_RATE_KIB, LOGIN_HOURS, Policy
from casebook.times import CHINA
from security.errors import TrustError
from security.registry import Registry
from security.tunnel.targets import Target
from sync.errors import StoreError

_KIB: Final = 1024
_WINDOW: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a device that may come in may do: the targets it reaches, and how fast.

    `rate_bytes_s` limits each direction of a stream; None: as fast as the link.
    """

    targets: Collection[Target] = tuple(Target)
    rate_bytes_s: int | None = None


class AccessPolicy(Protocol):
    """The part of the signed policy that concerns tunnels."""

    def admitted(self, device: str, unit: str, now: int) -> Admitted:
        """What a device of a unit may do at this time, in unix seconds.

        Raises:
            TrustError: It may not come in now, such as outside its hours.
        """


class PublishedPolicy:
    """What the published policy says of targets, hours, rate; times are those of China."""

    def __init__(self, policy: Callable[[], Policy]) -> None:
        """Take what gives the policy in force now."""
        self._policy = policy

    def admitted(self, device: str, unit: str, now: int) -> Admitted:
        """The targets and the rate of the policy.

        Raises:
            TrustError: It is outside the hours, or the policy cannot be read.
        """
        try:
            policy = self._policy()
        except (PolicyError, StoreError) as error:
            raise TrustError(f"the policy cannot be read: {error}") from error
        windows = policy.texts(LOGIN_HOURS)
        if windows and not any(is_within(window, now) for window in windows):
            raise TrustError(f"device {device} is outside the hours of the policy")
        # A word that is no target opens nothing, so that a slip of the pen locks out, not in.
        named = policy.texts(GATEWAY_TARGETS)
        targets = tuple(target for target in Target if target.value in named)
        return Admitted(targets, policy.whole(LINK_RATE_KIB) * _KIB or None)


def is_within(window: str, now: int) -> bool:
    """Whether a time in unix seconds lies in a window `HH:MM-HH:MM`, which may pass midnight.

    A window that is not of this form lets nobody in.
    """
    found = _WINDOW.fullmatch(window)
    if found is None:
        return False
    begin, end = (int(found[n]) * 60 + int(found[n + 1]) for n in (1, 3))
    local = datetime.fromtimestamp(now, UTC).astimezone(CHINA)
    minute = local.hour * 60 + local.minute
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def judge_of(
    registry: Registry, own: tuple[str, str], policy: AccessPolicy, now: Callable[[], int]
) -> Callable[[str], Admitted]:
    """A function that judges a device as of now.

    Args:
        registry: who belongs where, and who was revoked.
        own: unit and device of this hub; it may come in itself, to prove its gateway.
        policy: targets, hours and rate.
        now: unix seconds.
    """
    own_unit, own_device = own

    def judge(device: str) -> Admitted:
        if device == own_device:
            return Admitted()
        known = registry.device(device)
        # A unit that was moved away may come once more, to hear of it.
        if not registry.had_parent(known.unit, own_unit):
            raise TrustError(f"device {device} does not belong to a unit below this one")
        if registry.revoked_after(device) is not None:
            raise TrustError(f"device {device} was revoked")
        return policy.admitted(device, known.unit, now())

    return judge
