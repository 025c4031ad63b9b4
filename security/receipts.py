"""Receipts that anybody with the registry can check, with the link down.

`v1|<case number>|<query code>|<case id>|<signature>` stands in the QR code. It holds nothing
personal. The number names its division and station, so the registry tells which device must
have signed. A receipt is a promise: within seven days the case stands in the log of a hub
above, whose leaves name the ids of their cases.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from security import signing
from security.caseids import CASE_ID_BYTES, is_case_of
from security.errors import FormatError
from security.registry import Registry
from security.signing import Signer
from security.suites import SIGNATURE_BYTES

DOMAIN = b"postroad/receipt/v1"

MERGE_DELAY_MS = 7 * 24 * 3_600_000
"""What a receipt promises: the longest silence that is normal for an outpost is a week."""

_VERSION = "v1"
_CASE_NO = r"[0-9]{25}"
_QUERY_CODE = r"[0-9]{6}"
_TEXT = re.compile(
    rf"{_VERSION}\|({_CASE_NO})\|({_QUERY_CODE})\|([A-Za-z0-9_-]{{22}})\|([A-Za-z0-9_-]{{86}})"
)
_STATED = re.compile(rf"{_CASE_NO}\|{_QUERY_CODE}")
_DIVISION_END = 12
_STATION_END = 14


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt whose signature holds.

    `case` is the id of the case, and tells when it was promised. `device_revoked` means that
    the device lost its authority at some time. A receipt has no place in the feed, so a person
    must look whether the case itself is known.
    """

    case_no: str
    query_code: str
    device: str
    case: bytes = b""
    device_revoked: bool = False

    @property
    def promised_ms(self) -> int:
        """When the receipt was given by the clock of its device, milliseconds since 1970."""
        return int.from_bytes(self.case[:6])


def sign_receipt(case_no: str, query_code: str, case: bytes, signer: Signer) -> str:
    """Give the text of a receipt.

    Raises:
        FormatError: The number has not 25 digits, the code not six, or the id not 16 bytes.
    """
    numbers = f"{case_no}|{query_code}"
    if _STATED.fullmatch(numbers) is None or len(case) != CASE_ID_BYTES:
        raise FormatError("a receipt needs a number of 25 digits, a code of six and a case id")
    stated = f"{numbers}|{_encode(case)}"
    signature = signer.sign(DOMAIN, stated.encode("ascii"))
    return f"{_VERSION}|{stated}|{_encode(signature)}"


def verify_receipt(text: str, registry: Registry) -> Receipt:
    """Read a receipt and check that the station in its number signed it.

    Raises:
        FormatError: The text is no receipt.
        TrustError: The registry knows no such station.
        SignatureError: The station did not sign it.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise FormatError("this is not a receipt")
    case_no, query_code, case_text, encoded = match.groups()
    case, signature = _decode(case_text, CASE_ID_BYTES), _decode(encoded, SIGNATURE_BYTES)
    station = int(case_no[_DIVISION_END:_STATION_END])
    device = registry.device_at(case_no[:_DIVISION_END], station)
    stated = f"{case_no}|{query_code}|{case_text}".encode("ascii")
    signing.verify(device.signing, DOMAIN, stated, signature)
    if not is_case_of(case, device.unit):
        raise FormatError("the case id in the receipt is of another unit")
    revoked = registry.revoked_after(device.id) is not None
    return Receipt(case_no, query_code, device.id, case, device_revoked=revoked)


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def _decode(encoded: str, length: int) -> bytes:
    try:
        value = base64.b64decode(encoded + "==", altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise FormatError("this is not a receipt") from error
    # The last character carries four bits that mean nothing; one text for one receipt.
    if len(value) != length or _encode(value) != encoded:
        raise FormatError("this is not a receipt")
    return value
