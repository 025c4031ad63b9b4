"""`postroad escrow`: the escrow key in shares, the drill, and what it is kept for."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from casebook.escrow import EscrowDesk
from postroad.errors import EscrowError
from postroad.offline import OfflineDesk
from postroad.sharesheet import share_page
from security.errors import FormatError
from security.escrow import WORDS_BYTES_MAX, Share, combine, read_share, split
from security.keystore import read_reading_key, write_reading_key
from security.slots import ESCROW, Cost, wrap_passphrase
from security.slots import unwrap as unwrap_slot
from sync.wallclock import random_bytes
from web.settings import load_settings
from web.slotfile import add_slot, read_slots
from web.terminal import Commands, Terminal
from web.unlocking import Unlocking

FOLDER_MODE = 0o700
PRIVATE = 0o600


def add_commands(commands: Commands) -> None:
    """Add `escrow` to the subjects, with its words."""
    subject = commands.add_parser("escrow", help="escrow.help", description="escrow.help")
    verbs: Commands = subject.add_subparsers(dest="verb")
    made = _verb(verbs, "split", split_key)
    made.add_argument("--key", type=Path, required=True, help="escrow.key.help")
    made.add_argument("--threshold", type=int, default=3, help="escrow.threshold.help")
    made.add_argument("--shares", type=int, default=5, help="escrow.shares.help")
    made.add_argument("--out", type=Path, required=True, help="escrow.out.help")
    _shares(_verb(verbs, "verify", verify_shares))
    _config(_shares(_verb(verbs, "drill", drill)))
    put = _shares(_verb(verbs, "combine", combine_key))
    put.add_argument("--out", type=Path, required=True, help="escrow.key_out.help")
    again = _config(_shares(_verb(verbs, "regrant", regrant)))
    again.add_argument("--unit", required=True, help="escrow.unit.help")
    unlock = _config(_shares(_verb(verbs, "unlock", unlock_store)))
    unlock.add_argument(
        "--new-passphrase-file",
        type=Path,
        required=True,
        metavar="FILE",
        help="escrow.new.help",
    )


def split_key(arguments: argparse.Namespace) -> None:
    """Write one text and one page for each holder; the key file stays for now.

    Raises:
        KeyFileError, FormatError: There is no such key, or the numbers do not fit.
        OSError: The folder exists or cannot be written.
    """
    key = read_reading_key(arguments.key)
    shares = split(key, arguments.threshold, arguments.shares)
    arguments.out.mkdir(FOLDER_MODE)
    for share in shares:
        stem = arguments.out / f"share-{share.number:02d}"
        page = share_page(share, len(shares), key.public, arguments.terminal.texts)
        _write(stem.with_suffix(".txt"), share.words + "\n")
        _write(stem.with_suffix(".html"), page)
        if _read(stem.with_suffix(".txt")) != share:
            raise EscrowError("escrow.not_kept", file=str(stem))
    for share in shares:
        _say(arguments.terminal, share)
    arguments.terminal.say(
        "escrow.split.done",
        folder=str(arguments.out),
        key=key.public.hex(),
        file=str(arguments.key),
    )


def verify_shares(arguments: argparse.Namespace) -> None:
    """Check shares by themselves: which they are, and whether they are enough.

    Raises:
        FormatError: A share is damaged, or they do not fit together.
        EscrowError: They are too few.
    """
    shares = [_read(path) for path in arguments.share]
    for share in shares:
        _say(arguments.terminal, share)
    arguments.terminal.say("escrow.verify.done", key=combine(shares).public.hex())


def drill(arguments: argparse.Namespace) -> None:
    """Prove that shares give the registry's key and open a real case; show nothing of either.

    Raises:
        FormatError, TrustError, OpenError: They do not.
        StoreError: The program runs, or the store cannot be opened.
    """
    shares = [_read(path) for path in arguments.share]
    with _desk(arguments) as desk:
        case = EscrowDesk(desk.store, desk.registry, combine(shares)).prove()
        numbers = sorted(share.number for share in shares)
        desk.journal().note(
            "escrow_drill",
            clerk="",
            object=case,
            facts={"shares": numbers, "set": shares[0].set_id},
        )
    arguments.terminal.say("escrow.drill.done", case=case, shares=numbers)


def combine_key(arguments: argparse.Namespace) -> None:
    """Write the escrow key into a new file, for a disaster that the other words do not mend.

    Raises:
        FormatError: The shares are too few or do not fit.
        KeyFileError: The file exists or cannot be written.
    """
    key = combine([_read(path) for path in arguments.share])
    write_reading_key(arguments.out, key)
    arguments.terminal.say("escrow.combine.done", file=str(arguments.out), key=key.public.hex())


def regrant(arguments: argparse.Namespace) -> None:
    """Grant the cases of a unit that lost its reading keys to its present epoch.

    Raises:
        FormatError, TrustError: The shares do not give the key, or there is no such unit.
        EscrowError: The store was set back and may not be written yet.
        StoreError: The program runs, or the store cannot be written.
    """
    shares = [_read(path) for path in arguments.share]
    with _desk(arguments) as desk:
        if desk.is_behind:
            raise EscrowError("escrow.set_back")
        holders = EscrowDesk(desk.store, desk.registry, combine(shares))
        station, signer = desk.station, desk.keys.signing
        if arguments.unit not in {unit.code for unit in desk.registry.units()}:
            raise EscrowError("escrow.no_unit", unit=arguments.unit)
        facts = {"shares": sorted(share.number for share in shares)}
        journal = desk.journal()
        journal.note(
            "escrow_regrant", clerk="", object=arguments.unit, outcome="begun", facts=facts
        )
        granted = holders.regrant(arguments.unit, station.device, signer, desk.feed)
        journal.note(
            "escrow_regrant", clerk="", object=arguments.unit, facts={**facts, "cases": granted}
        )
    arguments.terminal.say("escrow.regrant.done", unit=arguments.unit, cases=granted)


def unlock_store(arguments: argparse.Namespace) -> None:
    """Give a sealed store a new passphrase after the old one was lost.

    Raises:
        FormatError, OpenError: The shares do not open the slot of the holders.
        EscrowError: There are no key slots.
    """
    settings = load_settings(arguments.config)
    slots = read_slots(settings.key_slots)
    if slots is None:
        raise EscrowError("escrow.no_slots", file=str(settings.key_slots))
    key = combine([_read(path) for path in arguments.share])
    database = unwrap_slot(slots.id, slots.find(ESCROW), key)
    passphrase = Unlocking(arguments.new_passphrase_file).passphrase()
    slot = wrap_passphrase(slots.id, "passphrase", database, passphrase, Cost(), random_bytes)
    add_slot(settings.key_slots, slots, slot, passphrase)
    arguments.terminal.say("escrow.unlock.done", file=str(settings.key_slots))


def _verb(verbs: Commands, word: str, run: object) -> argparse.ArgumentParser:
    parser = verbs.add_parser(
        word, help=f"escrow.{word}.help", description=f"escrow.{word}.help"
    )
    parser.set_defaults(run=run)
    return parser


def _shares(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--share",
        type=Path,
        action="append",
        required=True,
        metavar="FILE",
        help="escrow.share.help",
    )
    return parser


def _config(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--config", type=Path, required=True, help="escrow.config.help")
    return parser


def _desk(arguments: argparse.Namespace) -> OfflineDesk:
    return OfflineDesk(load_settings(arguments.config))


def _read(path: Path) -> Share:
    with path.open("rb") as file:
        raw = file.read(WORDS_BYTES_MAX + 1)
    try:
        return read_share(raw.decode("ascii"))
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: this is not a share") from error


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _say(terminal: Terminal, share: Share) -> None:
    terminal.say(
        "escrow.share.row",
        number=share.number,
        threshold=share.threshold,
        set=share.set_id,
        check=share.check,
    )
