"""A key revocation list in the format of OpenSSH (PROTOCOL.krl), written and read; pure.

sshd reads it at every login by itself, so that a revoked device stays out even while the hub's
program is wrong or absent. It names devices by key id, and so covers all their certificates.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from security.errors import FormatError

_MAGIC: Final = b"SSHKRL\n\0"
_FORMAT_VERSION: Final = 1
_SECTION_CERTIFICATES: Final = 1
_SERIAL_LIST: Final = 0x20
_KEY_IDS: Final = 0x23
_HEAD: Final = struct.Struct(">8sIQQQ")
_ED25519: Final = b"ssh-ed25519"

NEVER_ISSUED: Final = 2**64 - 1
"""A serial that no authority of ours reaches; always revoked, so that a check can prove that
the list is in use."""


@dataclass(frozen=True, slots=True)
class Revocations:
    """What a list says: its version and time (unix seconds), and who is revoked."""

    version: int
    generated_at: int
    devices: tuple[str, ...]


def write_krl(revocations: Revocations, ca_public: bytes) -> bytes:
    """The bytes of a list about certificates by one authority."""
    ca_key = _string(_ED25519) + _string(ca_public)
    serials = bytes([_SERIAL_LIST]) + _string(struct.pack(">Q", NEVER_ISSUED))
    names = b"".join(_string(name.encode()) for name in sorted(revocations.devices))
    ids = bytes([_KEY_IDS]) + _string(names) if names else b""
    section = _string(ca_key) + _string(b"") + serials + ids
    head = _HEAD.pack(_MAGIC, _FORMAT_VERSION, revocations.version, revocations.generated_at, 0)
    return (
        head
        + _string(b"")
        + _string(b"postroad")
        + bytes([_SECTION_CERTIFICATES])
        + _string(section)
    )


def krl_version(content: bytes) -> int:
    """The version of a list.

    Raises:
        FormatError: It is no list.
    """
    if len(content) < _HEAD.size or content[: len(_MAGIC)] != _MAGIC:
        raise FormatError("this is not a revocation list of OpenSSH")
    version: int = _HEAD.unpack_from(content)[2]
    return version


def newer(content: bytes, before: bytes | None, revoked: Iterable[str]) -> bytes:
    """The list to install: refuses to go back behind the one that is there.

    Raises:
        FormatError: The one that is there is newer than what the registry here knows.
    """
    if before and krl_version(before) > krl_version(content):
        raise FormatError(
            "the revocation list in place is newer than the registry here "
            f"({len(tuple(revoked))} revoked devices known)"
        )
    return content


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content
