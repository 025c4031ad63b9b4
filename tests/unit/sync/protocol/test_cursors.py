"""Local documents of a link come back as they were, or count as absent."""

from dataclasses import replace

import pytest

from sync.protocol.cursors import (
    CONTACT_SAVE_MS,
    ChildState,
    UpCursor,
    decode_child,
    decode_down,
    decode_up,
    encode_child,
    encode_down,
    encode_up,
    is_up_worth_saving,
    is_worth_saving,
)
from sync.protocol.messages import Cursor

CHILD = ChildState("ab" * 16, 12, 14, 0, 1_795_395_900_000, -86_400_000)
UP = UpCursor("cd" * 16, 12, 1_795_395_900_000)


def test_every_cursor_comes_back_as_it_was_saved() -> None:
    down = Cursor("ef" * 16, 7)

    assert decode_up(encode_up(UP)) == UP
    assert decode_down(encode_down(down)) == down
    assert decode_child(encode_child(CHILD)) == CHILD


@pytest.mark.parametrize(
    "value", [None, b"", b"\xff", b"[]", b"{}", b'{"seq": 1}', b"[" * 100_000]
)
def test_a_cursor_that_cannot_be_read_counts_as_absent(value: bytes | None) -> None:
    assert decode_up(value) is None
    assert decode_down(value) is None
    assert decode_child(value) is None


def test_an_idle_contact_is_saved_once_a_minute_and_news_at_once() -> None:
    soon = replace(CHILD, contact_ms=CHILD.contact_ms + CONTACT_SAVE_MS - 1, clock_offset_ms=3)
    later = replace(CHILD, contact_ms=CHILD.contact_ms + CONTACT_SAVE_MS)

    assert not is_worth_saving(CHILD, soon)
    assert is_worth_saving(CHILD, later)
    assert is_worth_saving(CHILD, replace(soon, seq=13))
    assert is_worth_saving(None, CHILD)


def test_a_clock_set_back_does_not_stop_contacts_from_being_saved() -> None:
    earlier = replace(CHILD, contact_ms=CHILD.contact_ms - 1)

    assert is_worth_saving(CHILD, earlier)
    assert is_up_worth_saving(UP, replace(UP, at_ms=UP.at_ms - 1))


def test_what_the_parent_says_anew_is_saved_at_once() -> None:
    assert is_up_worth_saving(None, UP)
    assert is_up_worth_saving(UP, replace(UP, seq=13))
    assert is_up_worth_saving(UP, replace(UP, incarnation="00" * 16))
    assert not is_up_worth_saving(UP, replace(UP, at_ms=UP.at_ms + 1))
