"""`postroad node encrypt` and `postroad node slots`: the store of an outpost at rest."""

from __future__ import annotations

import argparse
import getpass
import os
import time
from pathlib import Path

from security.errors import KeyFileError
from security.slots import (
    ESCROW,
    KEYRING,
    KINDS,
    PASSPHRASE,
    DatabaseKey,
    Slot,
    Slots,
    unwrap,
    wrap_escrow,
    wrap_passphrase,
    wrap_secret,
)
from security.suites import KEY_BYTES
from sync.stores.conversion import seal_store
from sync.stores.sealing import is_plain
from sync.wallclock import random_bytes
from web.errors import SettingsError
from web.opening import PRIVATE_UMASK, load_registry
from web.settings import SQLITE, Settings, load_settings
from web.slotfile import (
    SERVICE,
    add_slot,
    keyring_user,
    measured_cost,
    new_slots,
    read_slots,
    system_keyring,
    write_slots,
)
from web.terminal import Commands
from web.unlocking import STORE, Unlocking, add_options, unlock, unlocking

PASSPHRASE_CHARACTERS_MIN = 8
_ASK_NEW = "new passphrase / 新口令: "


def add_commands(verbs: Commands) -> None:
    """Add the words to `postroad node`."""
    encrypt = verbs.add_parser(
        "encrypt", help="node.encrypt.help", description="node.encrypt.description"
    )
    encrypt.add_argument("--config", required=True, type=Path, help="node.run.config.help")
    add_options(encrypt)
    encrypt.set_defaults(run=encrypt_store)
    slots = verbs.add_parser(
        "slots", help="node.slots.help", description="node.slots.description"
    )
    slots.add_argument(
        "action", choices=("list", "add", "remove"), help="node.slots.action.help"
    )
    slots.add_argument("--config", required=True, type=Path, help="node.run.config.help")
    slots.add_argument("--kind", choices=KINDS, default=PASSPHRASE, help="node.slots.kind.help")
    slots.add_argument("--name", default="", help="node.slots.name.help")
    slots.add_argument(
        "--new-passphrase-file", type=Path, metavar="FILE", help="node.slots.new.help"
    )
    add_options(slots)
    slots.set_defaults(run=keep_slots)


def encrypt_store(arguments: argparse.Namespace) -> None:
    """Seal a plain store; the program must not run. May be repeated after a power cut.

    Raises:
        SettingsError: There is no plain store file, or no passphrase.
        KeyFileError: The slots cannot be written, or do not open.
        StoreError: The program runs, there is no room, or the copy differs.
    """
    os.umask(PRIVATE_UMASK)
    settings = load_settings(arguments.config)
    if settings.store_kind != SQLITE or not is_plain(settings.store):
        raise SettingsError(f"{settings.store}: there is no plain store to seal")
    how = unlocking(arguments)
    key = unlock(settings, how) or _first_slots(settings, how)
    copied = seal_store(settings.store, key.of(STORE))
    # It follows from the store, and lay there in clear.
    for suffix in ("", "-wal", "-shm"):
        model = settings.read_model
        model.with_name(model.name + suffix).unlink(missing_ok=True)
    arguments.terminal.say(
        "node.encrypt.done",
        file=str(settings.store),
        rows=copied,
        slots=str(settings.key_slots),
    )


def keep_slots(arguments: argparse.Namespace) -> None:
    """List, add or remove the ways to the key of a sealed store.

    Raises:
        KeyFileError: There are no slots, or none opens.
    """
    os.umask(PRIVATE_UMASK)
    settings = load_settings(arguments.config)
    slots = read_slots(settings.key_slots)
    if slots is None:
        raise KeyFileError(
            f"{settings.key_slots} does not exist: the store is not sealed",
            hint="Run `postroad node encrypt`.",
        )
    name = arguments.name or arguments.kind
    if arguments.action == "add":
        _add(arguments, settings, slots, name)
    elif arguments.action == "remove":
        _remove(settings, slots, arguments.name)
    for slot in (read_slots(settings.key_slots) or slots).slots:
        arguments.terminal.say(
            "node.slots.row",
            name=slot.name,
            kind=slot.kind,
            memory_kib=slot.cost.memory_kib,
            passes=slot.cost.passes,
        )


def _first_slots(settings: Settings, how: Unlocking) -> DatabaseKey:
    """The key of a store that is sealed for the first time, with two ways back to it."""
    passphrase = _checked(how.passphrase())
    key = DatabaseKey(random_bytes(KEY_BYTES))
    slots = new_slots()
    slot = _by_passphrase(slots, PASSPHRASE, key, passphrase)
    escrow = wrap_escrow(slots.id, ESCROW, key, load_registry(settings).escrow)
    slots = add_slot(settings.key_slots, slots, escrow, None)
    slots = add_slot(settings.key_slots, slots, slot, passphrase)
    return unwrap(slots.id, slots.find(PASSPHRASE), passphrase)


def _add(arguments: argparse.Namespace, settings: Settings, slots: Slots, name: str) -> None:
    key = unlock(settings, unlocking(arguments))
    if key is None:
        raise KeyFileError(f"{settings.key_slots} is gone")
    path = settings.key_slots
    if arguments.kind == PASSPHRASE:
        fresh = Unlocking(
            arguments.new_passphrase_file, ask=lambda _: getpass.getpass(_ASK_NEW)
        )
        passphrase = _checked(fresh.passphrase())
        add_slot(path, slots, _by_passphrase(slots, name, key, passphrase), passphrase)
    elif arguments.kind == KEYRING:
        secret, user = random_bytes(KEY_BYTES), keyring_user(slots, name)
        keyring = system_keyring()
        keyring.set_password(SERVICE, user, secret.hex())
        kept = bytes.fromhex(keyring.get_password(SERVICE, user) or "")
        add_slot(path, slots, wrap_secret(slots.id, name, key, secret, random_bytes), kept)
    else:
        registry = load_registry(settings)
        add_slot(path, slots, wrap_escrow(slots.id, name, key, registry.escrow), None)


def _remove(settings: Settings, slots: Slots, name: str) -> None:
    gone = slots.find(name)
    write_slots(settings.key_slots, slots.without(name))
    if gone.kind == KEYRING:
        system_keyring().delete_password(SERVICE, keyring_user(slots, name))


def _by_passphrase(slots: Slots, name: str, key: DatabaseKey, passphrase: bytes) -> Slot:
    cost = measured_cost(time.perf_counter)
    return wrap_passphrase(slots.id, name, key, passphrase, cost, random_bytes)


def _checked(passphrase: bytes) -> bytes:
    if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
        raise SettingsError(
            f"a passphrase has at least {PASSPHRASE_CHARACTERS_MIN} characters",
            hint="Four random words are easy to remember and hard to guess.",
        )
    return passphrase
