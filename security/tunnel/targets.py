"""What a device may reach through its tunnel, and under which address it asks for it.

A loopback address of its own belongs to every certificate, computed by both ends from the
authority and the serial. The embedded gateway takes it for a name. Under OpenSSH the hub
listens there, and sshd lets the device open this address and no other: it tells the device.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_DOMAIN: Final = b"postroad tunnel target 1\0"

# Ports below the range from which Linux takes ports for outgoing connections.
_PORT_MIN: Final = 16384
_PAIRS: Final = 8192


class Target(StrEnum):
    """What stands behind a stream: the exchanges of the device, or pages for its clerks."""

    SYNC = "sync"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who stands behind one connection to the hub's API, and what it asked to reach."""

    device: str
    target: Target
    is_lapsed: bool = False
    """Its certificate does not count any more: it may ask for another, and nothing else."""
    newcomer: str = ""
    """The SSH line of the token it logged in with: it may ask to be enrolled, nothing else."""


def address_of(ca_public: bytes, serial: int, target: Target) -> tuple[str, int]:
    """The loopback address and port of a target for one certificate.

    37 bits of a digest: that two of 500 devices share an address is less likely than one in a
    million, and a hub that meets it refuses the second. Addresses in 127.0.0.0/16 are left to
    the machine.
    """
    digest = hashlib.sha256(_DOMAIN + ca_public + serial.to_bytes(8, "big")).digest()
    second, third, fourth = 1 + digest[0] % 254, digest[1], 1 + digest[2] % 254
    pair = int.from_bytes(digest[3:5], "big") % _PAIRS
    port = _PORT_MIN + 2 * pair + (target is Target.PAGES)
    return f"127.{second}.{third}.{fourth}", port


def target_at(ca_public: bytes, serial: int, address: tuple[str, int]) -> Target | None:
    """The target that a certificate reaches at this address; None if it is not its own."""
    for target in Target:
        if address_of(ca_public, serial, target) == address:
            return target
    return None
