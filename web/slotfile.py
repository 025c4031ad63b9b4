"""The file of key slots of an installation, and the keyring of the operating system.

A slot counts only when it was written, read back from the disk and opened.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from security.errors import FormatError, KeyFileError
from security.signing import ReadingKey
from security.slots import (
    FLOOR,
    ID_BYTES,
    SLOT_FILE_BYTES_MAX,
    Cost,
    DatabaseKey,
    Slot,
    Slots,
    decode_slots,
    encode_slots,
    unwrap,
    wrap_passphrase,
)
from sync.stores.lock import sync_folder
from sync.wallclock import random_bytes

SERVICE = "postroad"
SLOW_S = 1.0
"""A slot that takes longer is made with the floor cost: the clerk waits each morning."""
_LAX = 0o077


class Keyring(Protocol):
    """What the keyring of an operating system does."""

    def get_password(self, service: str, user: str) -> str | None:
        """The secret kept under two names."""

    def set_password(self, service: str, user: str, secret: str) -> None:
        """Keep a secret under two names."""

    def delete_password(self, service: str, user: str) -> None:
        """Forget it."""


def read_slots(path: Path) -> Slots | None:
    """The slots of an installation, None where its store is not sealed.

    Raises:
        KeyFileError: The file cannot be read, is damaged, or open to others.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(SLOT_FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    if os.name == "posix" and mode & _LAX:
        raise KeyFileError(f"{path}: others can read it", hint=f"chmod 600 {path}")
    try:
        return decode_slots(raw)
    except FormatError as error:
        raise KeyFileError(
            f"{path}: {error}", hint="Put back the last copy of the file."
        ) from error


def add_slot(path: Path, slots: Slots, slot: Slot, opens: bytes | ReadingKey | None) -> Slots:
    """Write a slot, read the file back, and open the slot with what shall open it.

    Args:
        path: the file.
        slots: what it holds.
        slot: what is to be added, or to take the place of one of its name.
        opens: what shall open it; None if nobody here can, as with escrow.

    Raises:
        KeyFileError: It cannot be written, or is not there when it is read back.
    """
    write_slots(path, slots.with_slot(slot))
    kept = read_slots(path)
    if kept is None or kept.find(slot.name) != slot:
        raise KeyFileError(f"{path}: the slot {slot.name} was not kept")
    if opens is not None:
        unwrap(kept.id, kept.find(slot.name), opens)
    return kept


def write_slots(path: Path, slots: Slots) -> None:
    """Put the slots in place of those before; a power cut leaves the old or the new.

    Raises:
        KeyFileError: The file cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(encode_slots(slots))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error


def new_slots() -> Slots:
    """No slot yet, and a new name for the database they will open."""
    return Slots(random_bytes(ID_BYTES), ())


def measured_cost(seconds: Callable[[], float]) -> Cost:
    """The default cost where this machine bears it, else the floor.

    Args:
        seconds: a clock that never goes back.
    """
    cost = Cost()
    started = seconds()
    try:
        wrap_passphrase(
            bytes(ID_BYTES), "probe", DatabaseKey(bytes(32)), b"probe", cost, random_bytes
        )
    except KeyFileError:
        return FLOOR
    return cost if seconds() - started <= SLOW_S else FLOOR


def system_keyring() -> Keyring:
    """The keyring of this user of this machine.

    Raises:
        KeyFileError: There is none, as on a machine without a desktop.
    """
    import keyring
    from keyring.backends.fail import Keyring as Absent

    found = keyring.get_keyring()
    if isinstance(found, Absent):
        raise KeyFileError(
            "this machine has no keyring of the operating system",
            hint="Add a slot with a passphrase instead.",
        )
    return found


def keyring_user(slots: Slots, name: str) -> str:
    """Under which name the secret of a slot lies in the keyring."""
    return f"{slots.id.hex()}:{name}"
