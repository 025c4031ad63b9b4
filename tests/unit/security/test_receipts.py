"""A receipt is checked offline, against the station in its number."""

import pytest

from security.caseids import new_case_id
from security.errors import FormatError, SignatureError, TrustError
from security.receipts import Receipt, sign_receipt, verify_receipt
from security.registry import Registry, sign_statement
from tests.golden.samples import (
    CASE_NO,
    DEVICE,
    DEVICE_KEY,
    OTHER_DEVICE_KEY,
    OTHER_VILLAGE,
    QUERY_CODE,
    RECEIPT_CASE,
    VILLAGE,
    above,
    revoke_fields,
    sample_registry,
)

RECEIPT = sign_receipt(CASE_NO, QUERY_CODE, RECEIPT_CASE, DEVICE_KEY)


@pytest.fixture
def registry() -> Registry:
    return sample_registry()


def test_a_receipt_names_the_station_that_gave_it(registry: Registry) -> None:
    assert verify_receipt(RECEIPT, registry) == Receipt(
        CASE_NO, QUERY_CODE, DEVICE, RECEIPT_CASE
    )


def test_a_receipt_fits_a_small_code_and_holds_no_name() -> None:
    assert RECEIPT.startswith(f"v1|{CASE_NO}|{QUERY_CODE}|")
    assert len(RECEIPT) == 2 + 1 + 25 + 1 + 6 + 1 + 22 + 1 + 86


def test_a_receipt_says_when_its_case_was_promised(registry: Registry) -> None:
    assert verify_receipt(RECEIPT, registry).promised_ms == 1_795_395_900_000


def test_a_receipt_for_a_case_of_another_unit_is_refused(registry: Registry) -> None:
    foreign = new_case_id(0, OTHER_VILLAGE, bytes(6))

    with pytest.raises(FormatError, match="of another unit"):
        verify_receipt(sign_receipt(CASE_NO, QUERY_CODE, foreign, DEVICE_KEY), registry)


def test_a_receipt_of_another_device_is_forged(registry: Registry) -> None:
    forged = sign_receipt(CASE_NO, QUERY_CODE, RECEIPT_CASE, OTHER_DEVICE_KEY)

    with pytest.raises(SignatureError):
        verify_receipt(forged, registry)


@pytest.mark.parametrize(
    ("old", "new"), [(QUERY_CODE, "481517"), (CASE_NO, CASE_NO[:-2] + "86")]
)
def test_a_changed_digit_is_noticed(registry: Registry, old: str, new: str) -> None:
    with pytest.raises(SignatureError):
        verify_receipt(RECEIPT.replace(old, new), registry)


def test_a_receipt_of_a_station_that_nobody_enrolled_is_refused(registry: Registry) -> None:
    unknown = CASE_NO[:12] + "99" + CASE_NO[14:]

    with pytest.raises(TrustError, match=f"{VILLAGE}-99"):
        verify_receipt(sign_receipt(unknown, QUERY_CODE, RECEIPT_CASE, DEVICE_KEY), registry)


def test_a_receipt_of_a_station_that_was_revoked_says_so(registry: Registry) -> None:
    revocation = revoke_fields(registry, DEVICE, 40)
    registry.apply(sign_statement(revocation, above(VILLAGE)))

    assert verify_receipt(RECEIPT, registry).device_revoked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1",
        RECEIPT[:-1],
        RECEIPT + "A",
        RECEIPT + "\n",
        " " + RECEIPT,
        RECEIPT.replace("v1", "v2"),
        RECEIPT.replace("|", " "),
        RECEIPT.replace(CASE_NO, CASE_NO[:-1]),
        RECEIPT[:-2] + "==",
        RECEIPT[:-1] + "_",
        RECEIPT.replace(QUERY_CODE, "４８１５１６"),
        "v1|" * 100_000,
    ],
)
def test_what_is_no_receipt_is_refused_in_one_line(registry: Registry, text: str) -> None:
    with pytest.raises(FormatError, match=r"^this is not a receipt$"):
        verify_receipt(text, registry)


@pytest.mark.parametrize(
    ("case_no", "query_code"),
    [("", QUERY_CODE), (CASE_NO, "12345"), (CASE_NO + "|", QUERY_CODE)],
)
def test_a_receipt_of_another_form_is_not_signed(case_no: str, query_code: str) -> None:
    with pytest.raises(FormatError):
        sign_receipt(case_no, query_code, RECEIPT_CASE, DEVICE_KEY)
