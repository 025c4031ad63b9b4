"""The escrow key in shares (SLIP-39): enough holders together have it, fewer have nothing.

A share is 33 words with a checksum of their own. The words are the same as those of hardware
wallets, so that any program that knows SLIP-39 puts the key together again.
"""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import shamir_mnemonic
from shamir_mnemonic.share import Share as _Words

from security.errors import FormatError, KeyFileError
from security.signing import ReadingKey

SHARES_MAX = 16
WORDS_BYTES_MAX = 1024
_CHECK_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Share:
    """One share: which of a set it is, how many are needed, and its words."""

    set_id: int
    number: int
    threshold: int
    words: str = field(repr=False)

    @property
    def check(self) -> str:
        """Eight digits by which a person compares a share with its print."""
        return hashlib.sha256(self.words.encode()).hexdigest()[:_CHECK_DIGITS]


def split(key: ReadingKey, threshold: int, shares: int) -> tuple[Share, ...]:
    """The shares of a key; every set of `threshold` of them was tried before they are given.

    Raises:
        FormatError: The numbers do not fit: 2 <= threshold <= shares <= 16.
        KeyFileError: A set does not give the key back; the shares must not be used.
    """
    if not 2 <= threshold <= shares <= SHARES_MAX:  # noqa: PLR2004 - one share alone is no share
        raise FormatError(
            f"there are 2 to {SHARES_MAX} shares, and 2 to all of them are needed"
        )
    [phrases] = shamir_mnemonic.generate_mnemonics(
        1, [(threshold, shares)], key.private_bytes(), iteration_exponent=0
    )
    made = tuple(read_share(words) for words in phrases)
    for first in range(shares):
        tried = list(itertools.islice(itertools.cycle(made), first, first + threshold))
        if combine(tried).public != key.public:
            raise KeyFileError("a set of shares does not give the key back")
    return made


def read_share(words: str) -> Share:
    """A share from its words, however they are spaced.

    Raises:
        FormatError: A word is wrong or missing; the text does not repeat it.
    """
    if len(words) > WORDS_BYTES_MAX:
        raise FormatError("this is not a share")
    plain = " ".join(words.lower().split())
    try:
        read = _Words.from_mnemonic(plain)
    except (shamir_mnemonic.MnemonicError, ValueError) as error:
        raise FormatError("a word of the share is wrong or missing") from error
    if read.group_count != 1:
        raise FormatError("the share is of a set with groups, which is not used here")
    return Share(read.identifier, read.index + 1, read.member_threshold, plain)


def combine(shares: Sequence[Share]) -> ReadingKey:
    """The key of a set of shares; whoever calls compares it with the public one.

    Raises:
        FormatError: They are too few, of several sets, or one stands twice.
    """
    if len({share.set_id for share in shares}) != 1:
        raise FormatError("the shares are not of one set")
    distinct = {share.number: share.words for share in shares}
    threshold = shares[0].threshold
    if len(distinct) < threshold:
        raise FormatError(f"{threshold} different shares are needed, not {len(distinct)}")
    try:
        secret = shamir_mnemonic.combine_mnemonics(list(distinct.values())[:threshold])
    except (shamir_mnemonic.MnemonicError, ValueError) as error:
        raise FormatError("the shares do not fit together") from error
    return ReadingKey.from_private(secret)
