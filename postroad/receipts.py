"""`postroad receipt`: is a receipt in a citizen's hand genuine, and is its promise kept."""

from __future__ import annotations

import argparse
from pathlib import Path

from postroad.audit.places import open_place
from postroad.errors import AuditError, VerdictError
from postroad.registries import add_root_key, open_registry
from security.receipts import MERGE_DELAY_MS, Receipt, verify_receipt
from security.registry import Registry
from security.tlog_notes import device_of
from security.tlog_proof import PROOF_BYTES_MAX, LogProof, format_proof, parse_proof
from security.tlog_trust import verify_case_proof
from sync.log.hublog import prove
from sync.wallclock import WallClock
from web.terminal import Commands, Terminal

CASE_OFFSET = 32
"""Where the case id stands in a leaf, behind the hash of the record."""

SUFFIX = ".tlog-proof"


def add_commands(commands: Commands) -> None:
    """Add `receipt` to the subjects."""
    parser = commands.add_parser("receipt", help="receipt.help", description="receipt.help")
    subcommands = parser.add_subparsers()
    verify = subcommands.add_parser(
        "verify", help="receipt.verify.help", description="receipt.verify.help"
    )
    verify.add_argument("text", metavar="TEXT", help="receipt.text.help")
    verify.add_argument(
        "--registry", metavar="FILE", type=Path, required=True, help="registry.file.help"
    )
    verify.add_argument("--proof", metavar="FILE", type=Path, help="receipt.proof_file.help")
    add_root_key(verify)
    verify.set_defaults(run=check_receipt)
    proof = subcommands.add_parser(
        "proof", help="receipt.proof.help", description="receipt.proof.help"
    )
    proof.add_argument("text", metavar="TEXT", help="receipt.text.help")
    proof.add_argument("--config", type=Path, required=True, help="audit.config.help")
    proof.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="receipt.out.help"
    )
    proof.set_defaults(run=write_proof)


def check_receipt(arguments: argparse.Namespace) -> None:
    """Check the text of a receipt's QR code, and the proof that its case was logged, if given.

    Raises:
        FormatError, SignatureError, TrustError, ProofError: The receipt, its proof, or the
            registry, is not genuine.
        OSError: A file cannot be read.
    """
    registry = open_registry(arguments.registry, arguments.root_key)
    receipt = verify_receipt(arguments.text, registry)
    unit = registry.unit(registry.device(receipt.device).unit)
    arguments.terminal.say(
        "receipt.genuine",
        case_no=receipt.case_no,
        device=receipt.device,
        unit=unit.code,
        name=unit.name,
    )
    if arguments.proof is not None:
        with arguments.proof.open("rb") as file:
            raw = file.read(PROOF_BYTES_MAX + 1)
        _say_proven(arguments.terminal, parse_proof(raw), receipt, registry)


def write_proof(arguments: argparse.Namespace) -> None:
    """Write the proof that the case of a receipt stands in the log of this hub.

    Raises:
        AuditError: This node keeps no log.
        VerdictError: The case is not in the log; after seven days the promise is broken.
        FormatError, SignatureError, TrustError: The receipt is not genuine.
        OSError: The file cannot be written.
    """
    with open_place(arguments.config) as place:
        receipt = verify_receipt(arguments.text, place.registry)
        signed = place.log.head().signed if place.log else None
        if place.log is None or signed is None:
            raise AuditError("audit.no_log", place=str(arguments.config))
        found = prove(place.log, signed, receipt.case, CASE_OFFSET)
    if found is None:
        is_broken = WallClock().now_ms() - receipt.promised_ms > MERGE_DELAY_MS
        key = "receipt.broken" if is_broken else "receipt.not_yet"
        raise VerdictError(key, case_no=receipt.case_no)
    entry, proof = found
    carried = LogProof(proof.index, proof.hashes, proof.signed, entry)
    arguments.out.write_bytes(format_proof(carried))
    _say_proven(arguments.terminal, carried, receipt, place.registry)


def _say_proven(
    terminal: Terminal, proof: LogProof, receipt: Receipt, registry: Registry
) -> None:
    is_final = verify_case_proof(proof, receipt.case, receipt.device, registry)
    terminal.say(
        "receipt.logged" if is_final else "receipt.logged_provisionally",
        case_no=receipt.case_no,
        log=device_of(proof.signed.checkpoint.origin),
        index=proof.index,
        size=proof.signed.checkpoint.size,
    )
