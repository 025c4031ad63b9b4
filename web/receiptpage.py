"""A page that checks a receipt, and the proof that its case was logged, without any network."""

from dataclasses import dataclass

from flask import render_template, request

from security.errors import SecurityError
from security.receipts import Receipt, verify_receipt
from security.tlog_notes import device_of
from security.tlog_proof import parse_proof
from security.tlog_trust import verify_case_proof
from web.context import Pages, context
from web.notes import note

TEXT_MAX = 512
PROOF_MAX = 16_000


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check: the receipt, the unit that gave it, and how its case is logged."""

    receipt: Receipt
    unit: str
    log: str = ""
    is_final: bool = False


def add_receipt_page(pages: Pages) -> None:
    """Add the page to a program's pages, at `/receipts`."""
    pages.add_url_rule("/receipts", "receipts", show)
    pages.add_url_rule("/receipts", "check_receipt", check, methods=["POST"])


def show() -> str:
    """The empty form."""
    return _page(None, "")


def check() -> str | tuple[str, int]:
    """Check what was scanned or pasted."""
    text = request.form.get("text", "")[:TEXT_MAX].strip()
    proof = request.form.get("proof", "")[:PROOF_MAX].replace("\r\n", "\n")
    registry = context().casebook.registry
    try:
        receipt = verify_receipt(text, registry)
        unit = registry.unit(registry.device(receipt.device).unit).name
        checked = Checked(receipt, unit)
        if proof.strip():
            parsed = parse_proof(proof.strip().encode() + b"\n")
            is_final = verify_case_proof(parsed, receipt.case, receipt.device, registry)
            log = device_of(parsed.signed.checkpoint.origin)
            checked = Checked(receipt, unit, log, is_final)
    except SecurityError as error:
        return _page(None, str(error)), 422
    note("receipt", receipt.case.hex())
    return _page(checked, "")


def _page(checked: Checked | None, error: str) -> str:
    return render_template(
        "receipts.html", checked=checked, error=error, typed=request.form.get("text", "")
    )
