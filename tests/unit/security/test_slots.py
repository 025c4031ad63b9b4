"""Key slots: what opens them, what does not, and what their file may hold."""

from dataclasses import replace

import pytest

from security.errors import FormatError, KeyFileError, OpenError
from security.signing import ReadingKey
from security.slots import (
    PASSES_MAX,
    SLOTS_MAX,
    Cost,
    DatabaseKey,
    Slots,
    decode_slots,
    encode_slots,
    unwrap,
    wrap_escrow,
    wrap_passphrase,
    wrap_secret,
)

CHEAP = Cost(8, 1)
KEY = DatabaseKey(bytes(range(32)))
ID, OTHER = b"i" * 16, b"o" * 16
ESCROW_KEY = ReadingKey.from_private(b"e" * 32)


def counted(length: int) -> bytes:
    return b"\x07" * length


def by_passphrase(passphrase: bytes = b"tea in the rain") -> Slots:
    slot = wrap_passphrase(ID, "clerk", KEY, passphrase, CHEAP, counted)
    return Slots(ID, (slot,))


def test_every_kind_of_slot_gives_the_same_key() -> None:
    secret = wrap_secret(ID, "ring", KEY, b"s" * 32, counted)
    escrow = wrap_escrow(ID, "escrow", KEY, ESCROW_KEY.public)
    slots = by_passphrase().with_slot(secret).with_slot(escrow)

    opened = [
        unwrap(ID, slots.find("clerk"), b"tea in the rain"),
        unwrap(ID, slots.find("ring"), b"s" * 32),
        unwrap(ID, slots.find("escrow"), ESCROW_KEY),
    ]

    assert opened == [KEY, KEY, KEY]


@pytest.mark.parametrize("wrong", [b"tea in the rai", b"", b"x" * 2000, b"\0" * 32])
def test_a_wrong_passphrase_opens_nothing(wrong: bytes) -> None:
    with pytest.raises(OpenError):
        unwrap(ID, by_passphrase().find("clerk"), wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"kind": "keyring"},
        {"salt": b"z" * 16},
        {"cost": Cost(9, 1)},
        {"sealed": bytes(48)},
    ],
)
def test_a_slot_that_was_changed_does_not_open(change: dict[str, object]) -> None:
    slot = replace(by_passphrase().find("clerk"), **change)  # type: ignore[arg-type]

    with pytest.raises(OpenError):
        unwrap(ID, slot, b"tea in the rain")


def test_a_slot_of_another_database_does_not_open() -> None:
    with pytest.raises(OpenError):
        unwrap(OTHER, by_passphrase().find("clerk"), b"tea in the rain")


def test_slots_are_read_as_they_were_written() -> None:
    slots = by_passphrase().with_slot(wrap_escrow(ID, "escrow", KEY, ESCROW_KEY.public))

    assert decode_slots(encode_slots(slots)) == slots


def test_a_new_passphrase_changes_about_a_hundred_bytes() -> None:
    before = by_passphrase()
    after = before.with_slot(wrap_passphrase(ID, "clerk", KEY, b"new words", CHEAP, counted))

    assert len(after.slots) == 1
    assert len(encode_slots(after)) < 200


@pytest.mark.parametrize("cost", [Cost(1 << 21, 1), Cost(8, PASSES_MAX + 1), Cost(0, 0)])
def test_a_file_that_asks_for_a_cost_out_of_bounds_is_refused(cost: Cost) -> None:
    raw = encode_slots(Slots(ID, (replace(by_passphrase().find("clerk"), cost=cost),)))

    with pytest.raises(FormatError):
        decode_slots(raw)


@pytest.mark.parametrize("raw", [b"", b"PRK1", b"PRK2\xa0", b"PRK1\xa0", b"PRK1" + b"\xff" * 9])
def test_what_is_no_slot_file_is_refused(raw: bytes) -> None:
    with pytest.raises(FormatError):
        decode_slots(raw)


def test_the_last_way_in_is_not_removed() -> None:
    slots = by_passphrase().with_slot(wrap_escrow(ID, "escrow", KEY, ESCROW_KEY.public))

    with pytest.raises(KeyFileError, match="last"):
        slots.without("clerk")


def test_there_are_only_so_many_slots() -> None:
    slots = Slots(ID, ())
    for number in range(SLOTS_MAX):
        slots = slots.with_slot(wrap_escrow(ID, f"s{number}", KEY, ESCROW_KEY.public))

    with pytest.raises(KeyFileError):
        slots.with_slot(wrap_escrow(ID, "more", KEY, ESCROW_KEY.public))


def test_the_key_shows_itself_nowhere() -> None:
    assert KEY.secret.hex() not in repr(KEY) + repr(by_passphrase())
    assert KEY.of("store") != KEY.of("read-model")
