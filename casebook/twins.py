"""What does not fit together between cases: one number twice, one applicant twice.

No entry says it, and no entry is needed: whoever holds both cases sees it. A person settles it
with an entry. Which of two cases goes first is said by what every tier sees alike.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from casebook.index import ENDED, CaseRow
from cases.casestate import CaseState
from cases.conflicts import Conflict
from sync.ports import RandomBytes, Store

BLIND_KEY = "blind-index"
"""Local document: the secret under which applicants are tagged; it never leaves the store."""

DUPLICATE, NUMBER_CLASH, HELD_LONG = "duplicate", "number_clash", "held_long"
HELD_MS_MAX = 3 * 86_400_000
"""A predecessor that has not come after three days is not on its way: somebody has to ask."""

ID_NUMBER, PHONE = "id_no", "mobile"
SEARCHED = (ID_NUMBER, PHONE)
"""The fields of forms by whose whole value a case is found."""

TWINS_MAX = 20
_SEARCH_CHARACTERS = 16
_PHONE_DIGITS = 11
_NUMBER_LEAST, _NUMBER_MOST = 7, 32
_KEY_BYTES = 32
_TAG_CHARACTERS = 32


class Tagger:
    """Makes tags by which a node finds a person's other cases without storing who it is."""

    def __init__(self, store: Store, random_bytes: RandomBytes) -> None:
        """Take the store that holds the secret; it is made when it is first needed."""
        self._store = store
        self._random_bytes = random_bytes
        self._key = b""

    def tag(self, item: str, fields: Mapping[str, object]) -> str:
        """The tag of an applicant of an item, empty where the form names no number."""
        number = fields.get("id_no")
        if not isinstance(number, str) or not number.strip():
            return ""
        plain = "".join(unicodedata.normalize("NFKC", number).split()).upper()
        word = f"{item}\n{plain}".encode()
        return hmac.new(self._secret(), word, hashlib.sha256).hexdigest()[:_TAG_CHARACTERS]

    def search_tags(self, fields: Mapping[str, object]) -> tuple[str, ...]:
        """The tags under which a case is found by the numbers of its form."""
        found = (self.search_tag(field, fields.get(field)) for field in SEARCHED)
        return tuple(tag for tag in found if tag)

    def search_tag(self, field: str, value: object) -> str:
        """The 64-bit tag of one number, empty where it is none."""
        if not isinstance(value, str) or field not in SEARCHED:
            return ""
        plain = "".join(unicodedata.normalize("NFKC", value).split()).upper()
        if field == PHONE:
            plain = "".join(digit for digit in plain if digit.isdecimal())[-_PHONE_DIGITS:]
        if not _NUMBER_LEAST <= len(plain) <= _NUMBER_MOST:
            return ""
        word = f"search\n{field}\n{plain}".encode()
        return hmac.new(self._secret(), word, hashlib.sha256).hexdigest()[:_SEARCH_CHARACTERS]

    def _secret(self) -> bytes:
        if not self._key:
            kept = self._store.local(BLIND_KEY)
            if kept is None:
                kept = self._random_bytes(_KEY_BYTES)
                self._store.put([], {BLIND_KEY: kept}, expect={BLIND_KEY: None})
            self._key = kept
        return self._key


@dataclass(frozen=True, slots=True)
class Twin:
    """Another case that collides with one, and whether it goes first."""

    case_id: str
    case_no: str
    home: str
    state: str
    goes_first: bool


def duplicates(own: CaseRow, others: Sequence[CaseRow]) -> tuple[Twin, ...]:
    """The open cases of the same applicant and item; the first to be accepted goes first."""
    open_ones = [row for row in others if row.case_id != own.case_id and _counts(row)]
    if not _counts(own):
        return ()
    return tuple(
        _twin(row, goes_first=_precedence(row) < _precedence(own)) for row in open_ones
    )


def clashes(own: CaseRow, others: Sequence[CaseRow]) -> tuple[Twin, ...]:
    """The cases under the same number; ids are made in the order of time."""
    same = [row for row in others if row.case_id != own.case_id]
    return tuple(_twin(row, goes_first=row.case_id < own.case_id) for row in same)


def suffix_of(own: CaseRow, others: Sequence[CaseRow]) -> str:
    """What is printed behind a number that stands on two cases, empty for the first."""
    before = sum(row.case_id < own.case_id for row in others)
    return f"-{before + 1}" if before else ""


def conflicts_of(
    state: CaseState, double: Sequence[Twin], same: Sequence[Twin], late: Sequence[str]
) -> tuple[Conflict, ...]:
    """What the neighbourhood of a case adds to its conflicts, without what was settled.

    Args:
        state: the case.
        double: cases of the same applicant and item.
        same: cases under the same number.
        late: entries that have waited too long for a predecessor.
    """
    receipt = next(
        (row.entry for row in state.timeline if row.act == "receive" and row.effective), ""
    )
    found = [
        *(Conflict(DUPLICATE, (receipt,), not one.goes_first, one.case_no) for one in double),
        *(Conflict(NUMBER_CLASH, (receipt,), not one.goes_first, one.case_no) for one in same),
        *(Conflict(HELD_LONG, (entry,)) for entry in late),
    ]
    settled = {each.key for each in state.settled}
    return tuple(dict.fromkeys(one for one in found if one.key not in settled))


def _counts(row: CaseRow) -> bool:
    return row.state not in ENDED


def _precedence(row: CaseRow) -> tuple[bool, str, str]:
    return (not row.accepted_at, row.accepted_at, row.case_id)


def _twin(row: CaseRow, *, goes_first: bool) -> Twin:
    return Twin(row.case_id, row.case_no, row.home, row.state, goes_first)
