"""What tells one machine from another, as a signal and never as a secret.

Keys can be copied together with a disk; boards and network cards seldom are. Each part is sent
as a digest under the device's id, so that a list of digests tells nothing about other machines.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PARTS: Final = ("board", "disk", "mac")
TERMINAL_PATH: Final = "/sync/terminal"
"""Where a device tells what machine it is on, once for each tunnel."""
TERMINAL_TYPE: Final = "application/json"

DIGEST_DIGITS: Final = 16
"""64 bits: enough to see a difference, too few to search for what was digested."""

_DIGEST: Final = re.compile(rf"[0-9a-f]{{{DIGEST_DIGITS}}}")
_VALUE_BYTES_MAX: Final = 256
_NAMES_MAX: Final = 64

# What boards say that carry no number of their own.
_MEANINGLESS: Final = frozenset(
    {"", "0", "none", "default string", "to be filled by o.e.m.", "not specified"}
)
_BOARD: Final = ("board_serial", "product_uuid", "product_serial")


def terminal_of(device: str, system: Path = Path("/sys")) -> dict[str, str]:
    """The digests of those parts of this machine that can be read, by the names of `PARTS`."""
    found = {"board": _board(system), "disk": _disk(system), "mac": _mac(system)}
    return {part: _digest(device, part, value) for part, value in found.items() if value}


def checked_terminal(told: object) -> dict[str, str]:
    """What a device told, as far as it is well-formed; anything else is passed over."""
    if not isinstance(told, Mapping):
        return {}
    return {
        part: told[part]
        for part in PARTS
        if isinstance(told.get(part), str) and _DIGEST.fullmatch(told[part])
    }


def _digest(device: str, part: str, value: str) -> str:
    text = f"postroad terminal 1\0{device}\0{part}\0{value}".encode()
    return hashlib.sha256(text).hexdigest()[:DIGEST_DIGITS]


def _board(system: Path) -> str:
    folder = system / "class" / "dmi" / "id"
    return next((value for name in _BOARD if (value := _read(folder / name))), "")


def _disk(system: Path) -> str:
    """The serial of the first disk that has one."""
    for name in _names(system / "block"):
        for file in ("device/serial", "device/wwid", "wwid"):
            if value := _read(system / "block" / name / file):
                return value
    return ""


def _mac(system: Path) -> str:
    """The lowest address of a real card: those of virtual ones change from start to start."""
    cards = system / "class" / "net"
    found = [
        value
        for name in _names(cards)
        if (cards / name / "device").exists() and (value := _read(cards / name / "address"))
    ]
    if found or os.name == "posix":
        return min(found, default="")
    node = uuid.getnode()
    # Without a card Python makes an address up, with this bit set (RFC 4122 section 4.5).
    return "" if node >> 40 & 1 else f"{node:012x}"


def _names(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(path.name for path in folder.iterdir())[:_NAMES_MAX])
    except OSError:
        return ()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_VALUE_BYTES_MAX).decode("ascii", "replace").strip()
    except OSError:  # absent, or for root alone
        return ""
    return "" if text.lower() in _MEANINGLESS or not text.strip("0-:") else text
