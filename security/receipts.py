"""Receipts that anybody with the registry can check, with the link down.

`v1|<case number>|<query code>|<signature>` stands in the QR code. It holds nothing personal.
The number names its division and station, so the registry tells which device must have signed.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from security import signing
from security.errors import FormatError
from security.registry import Registry
from security.signing import Signer
from security.suites import SIGNATURE_BYTES

DOMAIN = b"postroad/receipt/v1"

_VERSION = "v1"
_CASE_NO = r"[0-9]{25}"
_QUERY_CODE = r"[0-9]{6}"
_TEXT = re.compile(rf"{_VERSION}\|({_CASE_NO})\|({_QUERY_CODE})\|([A-Za-z0-9_-]{{86}})")
_STATED = re.compile(rf"{_CASE_NO}\|{_QUERY_CODE}")
_DIVISION_END = 12
_STATION_END = 14


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt whose signature holds.

    `device_revoked` means that the device lost its authority at some time. A receipt has no
    place in the feed, so a person must look whether the case itself is known.
    """

    case_no: str
    query_code: str
    device: str
    device_revoked: bool = False


def sign_receipt(case_no: str, query_code: str, signer: Signer) -> str:
    """Give the text of a receipt.

    Raises:
        FormatError: The number has not 25 digits, or the code not six.
    """
    stated = f"{case_no}|{query_code}"
    if _STATED.fullmatch(stated) is None:
        raise FormatError("a receipt needs a number of 25 digits and a code of six")
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
    case_no, query_code, encoded = match.groups()
    signature = _decode(encoded)
    station = int(case_no[_DIVISION_END:_STATION_END])
    device = registry.device_at(case_no[:_DIVISION_END], station)
    stated = f"{case_no}|{query_code}".encode("ascii")
    signing.verify(device.signing, DOMAIN, stated, signature)
    revoked = registry.revoked_after(device.id) is not None
    return Receipt(case_no, query_code, device.id, device_revoked=revoked)


def _encode(signature: bytes) -> str:
    return base64.urlsafe_b64encode(signature).decode("ascii").rstrip("=")


def _decode(encoded: str) -> bytes:
    try:
        signature = base64.b64decode(encoded + "==", altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise FormatError("this is not a receipt") from error
    # The last character carries four bits that mean nothing; one text for one receipt.
    if len(signature) != SIGNATURE_BYTES or _encode(signature) != encoded:
        raise FormatError("this is not a receipt")
    return signature
