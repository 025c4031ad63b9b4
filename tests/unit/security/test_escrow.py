"""Shares of the escrow key: enough of them give it, and nothing else does."""

import itertools

import pytest

from security.errors import FormatError
from security.escrow import Share, combine, read_share, split
from security.signing import ReadingKey

KEY = ReadingKey.from_private(bytes(range(32)))


@pytest.fixture(scope="module")
def shares() -> tuple[Share, ...]:
    return split(KEY, 3, 5)


def test_any_three_of_five_give_the_key(shares: tuple[Share, ...]) -> None:
    keys = {combine(chosen).public for chosen in itertools.combinations(shares, 3)}

    assert keys == {KEY.public}


def test_two_shares_give_nothing(shares: tuple[Share, ...]) -> None:
    with pytest.raises(FormatError, match="3 different"):
        combine([shares[0], shares[1], shares[1]])


def test_shares_of_two_sets_do_not_mix(shares: tuple[Share, ...]) -> None:
    with pytest.raises(FormatError, match="one set"):
        combine([*shares[:2], split(KEY, 3, 5)[2]])


def test_a_wrong_word_is_noticed_and_not_repeated(shares: tuple[Share, ...]) -> None:
    words = shares[0].words.split()
    wrong = "academic" if words[9] != "academic" else "acid"

    with pytest.raises(FormatError) as caught:
        read_share(" ".join([*words[:9], wrong, *words[10:]]))

    assert words[3] not in str(caught.value)


@pytest.mark.parametrize("words", ["", "academic", "x " * 33, "academic " * 33, "a" * 5000])
def test_what_is_no_share_is_refused(words: str) -> None:
    with pytest.raises(FormatError):
        read_share(words)


def test_a_share_is_read_however_it_is_spaced(shares: tuple[Share, ...]) -> None:
    assert read_share(shares[2].words.upper().replace(" ", "\n  ")) == shares[2]


@pytest.mark.parametrize(("threshold", "count"), [(1, 5), (4, 3), (2, 17), (0, 0)])
def test_numbers_that_do_not_fit_are_refused(threshold: int, count: int) -> None:
    with pytest.raises(FormatError):
        split(KEY, threshold, count)


def test_a_share_does_not_show_its_words_by_accident(shares: tuple[Share, ...]) -> None:
    assert shares[0].words.split()[5] not in repr(shares[0])
