"""Passwords of clerks: Argon2id in the PHC string format, through the cryptography package."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from web.errors import AccountsError
from web.settings import MEMORY_KIB_MAX, PASSES_MAX, PasswordCost

LENGTH_MIN = 8
"""Shortest password a person may choose (NIST SP 800-63B: 8)."""
LENGTH_MAX = 128

SALT_BYTES = 16
TAG_BYTES = 32
LANES = 1
ARGON2_KIB_MIN = 8
"""The least that Argon2 can work with; enough for tests and for random passwords alone."""

# No letter or digit that is taken for another on paper: 0 o 1 i l.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GROUPS = 3
GROUP_LENGTH = 5

_PHC = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}",
    re.ASCII,
)
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Phc:
    """A stored password: what it costs to check, and the string itself."""

    cost: PasswordCost
    text: str = field(repr=False)


def make_phc(password: str, cost: PasswordCost, salt: bytes) -> Phc:
    """The string to store for a password; `salt` is `SALT_BYTES` fresh random bytes.

    Raises:
        AccountsError: The machine has not the memory that the cost asks for.
    """
    kdf = Argon2id(
        salt=salt,
        length=TAG_BYTES,
        iterations=cost.passes,
        lanes=LANES,
        memory_cost=cost.memory_kib,
    )
    try:
        with _one_at_a_time:
            return Phc(cost, kdf.derive_phc_encoded(_normal(password)))
    except MemoryError as error:
        raise _no_memory(cost) from error


def parse_phc(text: object, where: str) -> Phc:
    """A stored string, refused if its check would cost more than this program ever asks.

    Raises:
        AccountsError: It is not such a string; the message begins with `where` and does not
            repeat the string.
    """
    match = _PHC.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise AccountsError(f"{where}: password is not an Argon2id string")
    cost = PasswordCost(int(match[1]), int(match[2]))
    memory_right = ARGON2_KIB_MIN <= cost.memory_kib <= MEMORY_KIB_MAX
    if not memory_right or not 1 <= cost.passes <= PASSES_MAX:
        raise AccountsError(f"{where}: password has a cost out of bounds")
    return Phc(cost, match[0])


def matches(phc: Phc, password: str) -> bool:
    """Whether the password is the stored one; too long a password is simply wrong.

    Raises:
        AccountsError: The machine has not the memory that the check needs.
    """
    try:
        with _one_at_a_time:
            Argon2id.verify_phc_encoded(_normal(password), phc.text)
    except InvalidKey:
        return False
    except MemoryError as error:
        raise _no_memory(phc.cost) from error
    return len(password) <= LENGTH_MAX


def spend(cost: PasswordCost, password: str) -> None:
    """Take as long as a check of that cost takes, for a login that does not exist."""
    matches(Phc(cost, _nobody(cost)), password)


def is_acceptable(password: str) -> bool:
    """Whether a person may choose this password: 8 to 128 characters, not one repeated."""
    if len(password) > LENGTH_MAX:
        return False
    text = unicodedata.normalize("NFKC", password)
    return len(text) >= LENGTH_MIN and len(set(text)) > 1


def random_password(random_bytes: Callable[[int], bytes]) -> str:
    """A password to print on paper, 74 bits strong: `k7mp2-w9xqr-3nbtz`.

    So strong a password needs no costly hash: at one microsecond a guess, half of all take
    3e8 years. Initial passwords of a whole province can therefore be made in a minute.
    """
    fair = 256 - 256 % len(ALPHABET)
    letters = ""
    while len(letters) < GROUPS * GROUP_LENGTH:
        drawn = (byte for byte in random_bytes(GROUPS * GROUP_LENGTH) if byte < fair)
        letters += "".join(ALPHABET[byte % len(ALPHABET)] for byte in drawn)
    starts = range(0, GROUPS * GROUP_LENGTH, GROUP_LENGTH)
    return "-".join(letters[start : start + GROUP_LENGTH] for start in starts)


def _normal(password: str) -> bytes:
    # An input method may give full-width letters and digits: they are meant as plain ones.
    return unicodedata.normalize("NFKC", password[:LENGTH_MAX]).encode("utf-8", "replace")


def _no_memory(cost: PasswordCost) -> AccountsError:
    return AccountsError(
        f"a password check needs {cost.memory_kib} KiB of memory",
        hint="Close other programs, or lower passwords.memory_kib in config.toml.",
    )


def _nobody(cost: PasswordCost) -> str:
    # A well-formed string with a tag of zeros, which no password gives.
    costs = f"m={cost.memory_kib},t={cost.passes},p={LANES}"
    return f"$argon2id$v=19${costs}${'A' * 22}${'A' * 43}"
