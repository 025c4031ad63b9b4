"""Which device may come in now, and how far: the registry's word, and the policy's."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from security.errors import TrustError
from security.registry import Registry
from security.tunnel.targets import Target


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


class EveryDevice:
    """The policy of a network that has published none: targets and hours are free."""

    def admitted(self, device: str, unit: str, now: int) -> Admitted:
        """Everything, at any time."""
        return Admitted()


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
