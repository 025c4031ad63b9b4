"""Finds service items while the clerk types: by Chinese, pinyin, code, English, or habit.

Every name lies in one long line of characters. For each character, initial, reading and
beginning of a reading there is a bit set of the places where it stands; a query is walked
through these sets at once for all items (a pinyin query may mix initials and readings, as in
`zdshbz`, `zuidishbz`), so its cost depends on its length, not on how many items match halfway.
3,000 items take some milliseconds a query.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cases.items import Item
from cases.pinyin import readings
from cases.text_rules import narrow

QUERY_CHARACTERS_MAX = 60
_TERMS_MAX = 6
_CODE, _NAME_START, _ALIAS_START, _INSIDE, _ENGLISH = range(5)
_WORDS = re.compile(r"[a-z0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hit:
    """An item that was found, and how well: the lower the rank, the better."""

    code: str
    rank: int


class ItemSearch:
    """A search over some items; made once per catalogue, then only read."""

    def __init__(
        self, items: Iterable[Item], aliases: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self._items = tuple(items)
        self._codes = [item.code.lower() for item in self._items]
        self._english = [" " + " ".join(_words(item.name.en)) for item in self._items]
        self._line = _Line()
        for number, item in enumerate(self._items):
            self._line.append(item.name.zh.lower(), number, _NAME_START)
            for alias, words in (aliases or {}).items():
                if any(word in item.name.zh or word == item.code for word in words):
                    self._line.append(alias.lower(), number, _ALIAS_START)

    def find(self, query: str, limit: int = 20) -> tuple[Hit, ...]:
        """The best items for a query of at most 60 characters, best first.

        Terms are separated by spaces and must all match. Short names come before long ones of
        the same rank; otherwise, and among codes, the order of the catalogue holds.
        """
        terms = narrow(query[:QUERY_CHARACTERS_MAX]).lower().split()[:_TERMS_MAX]
        if not terms:
            return ()
        total = self._ranks(terms[0])
        for term in terms[1:]:
            ranks = self._ranks(term)
            total = {
                number: total[number] + ranks[number] for number in total if number in ranks
            }
        best = sorted(total, key=lambda number: self._order(number, total[number]))
        return tuple(Hit(self._items[number].code, total[number]) for number in best[:limit])

    def _order(self, number: int, rank: int) -> tuple[int, int, int]:
        length = 0 if rank == _CODE else len(self._items[number].name.zh)
        return rank, length, number

    def _ranks(self, term: str) -> dict[int, int]:
        ranks = dict.fromkeys(self._english_matches(term), _ENGLISH)
        for number, rank in self._line.matches(term):
            ranks[number] = min(rank, ranks.get(number, rank))
        for number, code in enumerate(self._codes):
            if code.startswith(term) or code.replace("-", "").startswith(term):
                ranks[number] = _CODE
        return ranks

    def _english_matches(self, term: str) -> Iterator[int]:
        words = _words(term)
        if words:
            wanted = " " + " ".join(words)
            yield from (n for n, name in enumerate(self._english) if wanted in name)


class _Line:
    """All names in a row, with the bit sets of where each token of a query may stand."""

    def __init__(self) -> None:
        self._owners: list[tuple[int, int]] = []
        self._starts = 0
        self._whole: dict[str, int] = {}
        self._beginnings: dict[str, int] = {}
        self._known: dict[str, tuple[str, ...]] = {}

    def append(self, text: str, number: int, kind: int) -> None:
        """Add a name of an item; a place that no token fits keeps it apart from the next."""
        self._starts |= 1 << len(self._owners)
        for character in text:
            bit = 1 << len(self._owners)
            for token in self._tokens(character):
                self._whole[token] = self._whole.get(token, 0) | bit
            for reading in self._readings(character):
                for end in range(1, len(reading)):
                    beginning = reading[:end]
                    self._beginnings[beginning] = self._beginnings.get(beginning, 0) | bit
            self._owners.append((number, kind))
        self._owners.append((number, kind))

    def matches(self, term: str) -> Iterator[tuple[int, int]]:
        """Items that hold a term, with a rank; an item may come more than once."""
        at_start = self._ends(term, self._starts)
        for place in _bits(at_start):
            yield self._owners[place]
        everywhere = (1 << len(self._owners)) - 1
        for place in _bits(self._ends(term, everywhere) & ~at_start):
            yield self._owners[place][0], _INSIDE

    def _ends(self, term: str, start: int) -> int:
        """The places after a term that begins at one of the given places."""
        reached = [start] + [0] * len(term)
        for position in range(len(term)):
            here = reached[position]
            if not here:
                continue
            for end in range(position + 1, min(len(term), position + 6) + 1):
                reached[end] |= (here & self._whole.get(term[position:end], 0)) << 1
            rest = self._beginnings.get(term[position:], 0)
            reached[-1] |= (here & rest) << 1
        return reached[-1]

    def _tokens(self, character: str) -> tuple[str, ...]:
        spoken = self._readings(character)
        return tuple(dict.fromkeys((character, *spoken, *(word[0] for word in spoken))))

    def _readings(self, character: str) -> tuple[str, ...]:
        if character not in self._known:
            self._known[character] = readings(character)
        return self._known[character]


def _bits(bits: int) -> Iterator[int]:
    text = bin(bits)[:1:-1]
    place = text.find("1")
    while place >= 0:
        yield place
        place = text.find("1", place + 1)


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.lower())
