"""How a program comes by the key of a sealed store when it starts.

The passphrase comes from a file that others cannot read, from an open file descriptor, or from
the terminal; never from the arguments or the environment, which every program can list.
"""

from __future__ import annotations

import argparse
import getpass
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from security.errors import KeyFileError, OpenError
from security.slots import (
    KEYRING,
    PASSPHRASE,
    PASSPHRASE_BYTES_MAX,
    DatabaseKey,
    Slot,
    Slots,
    unwrap,
)
from web.errors import SettingsError
from web.settings import Settings
from web.slotfile import keyring_user, read_slots, system_keyring

STORE, READ_MODEL = "store", "read-model"
"""Purposes of keys grown from the key of the installation."""
TRIES = 3
ASKED = "passphrase / 口令: "


@dataclass(frozen=True, slots=True)
class Unlocking:
    """Where the passphrase comes from; by default keyring and then terminal."""

    file: Path | None = None
    descriptor: int | None = None
    ask: Callable[[str], str] = getpass.getpass

    @property
    def is_given(self) -> bool:
        """Whether somebody said where it stands."""
        return self.file is not None or self.descriptor is not None

    def passphrase(self) -> bytes:
        """The passphrase: the first line of the file or descriptor, or what is typed.

        Raises:
            SettingsError: The file cannot be read, others can read it, or nobody can be asked.
        """
        if self.file is not None:
            return _first_line(self.file)
        if self.descriptor is not None:
            with os.fdopen(self.descriptor, "rb", closefd=True) as stream:
                return _line(stream.read(PASSPHRASE_BYTES_MAX + 1), "the file descriptor")
        if not sys.stdin.isatty() and self.ask is getpass.getpass:
            raise SettingsError(
                "the store is sealed, and there is no terminal to ask for its passphrase",
                hint="Use --passphrase-file or --passphrase-fd, or add a keyring slot.",
            )
        return _line(self.ask(ASKED).encode(), "the terminal")


BY_HAND = Unlocking()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where a passphrase comes from."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="unlock.passphrase_file.help"
    )
    given.add_argument(
        "--passphrase-fd", type=int, metavar="N", help="unlock.passphrase_fd.help"
    )


def unlocking(arguments: argparse.Namespace) -> Unlocking:
    """What the options of a command line say."""
    return Unlocking(arguments.passphrase_file, arguments.passphrase_fd)


def unlock(settings: Settings, how: Unlocking = BY_HAND) -> DatabaseKey | None:
    """The key of the store of an installation; None where it is not sealed.

    Raises:
        KeyFileError: The slot file is damaged, or nothing opens any slot.
        SettingsError: The passphrase cannot be read.
    """
    slots = read_slots(settings.key_slots)
    if slots is None:
        return None
    if not how.is_given:
        found = _by_keyring(slots)
        if found is not None:
            return found
    written = [slot for slot in slots.slots if slot.kind == PASSPHRASE]
    for _ in range(1 if how.is_given else TRIES):
        found = _by_passphrase(slots, written, how.passphrase())
        if found is not None:
            return found
    raise KeyFileError(
        f"{settings.key_slots}: no key slot opens",
        hint="Try again; a lost passphrase is replaced with the escrow holders.",
    )


def _by_keyring(slots: Slots) -> DatabaseKey | None:
    for slot in slots.slots:
        if slot.kind == KEYRING:
            try:
                secret = system_keyring().get_password(
                    "postroad", keyring_user(slots, slot.name)
                )
                return unwrap(slots.id, slot, bytes.fromhex(secret or ""))
            except (OpenError, KeyFileError, ValueError):
                continue  # The passphrase is asked for instead.
    return None


def _by_passphrase(slots: Slots, written: list[Slot], passphrase: bytes) -> DatabaseKey | None:
    for slot in written:
        try:
            return unwrap(slots.id, slot, passphrase)
        except OpenError:
            continue
    return None


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(PASSPHRASE_BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path}: others can read it", hint=f"chmod 600 {path}")
    return _line(raw, str(path))


def _line(raw: bytes, where: str) -> bytes:
    line = raw.partition(b"\n")[0].rstrip(b"\r")
    if not line or len(line) > PASSPHRASE_BYTES_MAX:
        raise SettingsError(f"{where}: there is no passphrase of 1 to 1,024 bytes")
    return line
