"""Takes typed entries out of one mapping of a catalogue, and says where one is wrong."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from decimal import Decimal

from cases.errors import CatalogueError, ExpressionError
from cases.expressions import Expression, parse
from cases.items import Limit, Text

UNITS = ("wd", "cd", "h")
_LENGTH_MAX = 10_000
"""No limit of law is longer than a few years; more is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Section:
    """One mapping with its place, such as `MZ-001 result`, for the messages.

    Every method takes a key and raises a CatalogueError that names the place and the key.
    """

    place: str
    entries: Mapping[str, object]

    def only(self, *known: str) -> None:
        """Refuse entries that nobody reads, which are slips of the pen."""
        for key in self.entries:
            if key not in known:
                raise self.wrong(key, "unknown entry")

    def wrong(self, key: str, why: str) -> CatalogueError:
        """The error for an entry of this section, in one line."""
        return CatalogueError(f"{self.place} {key}: {why}")

    def has(self, key: str) -> bool:
        """Tell whether the entry is there and not null."""
        return self.entries.get(key) is not None

    def text(self, key: str, *, length_max: int = 200) -> str:
        """A text that is not empty."""
        value = self.entries.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, f"a text is wanted, not {shown(value)}")
        if len(value) > length_max or not value.isprintable():
            raise self.wrong(key, f"at most {length_max} printable characters are wanted")
        return value

    def choice(self, key: str, allowed: Container[str], what: str = "value") -> str:
        """A text out of a set."""
        value = self.text(key)
        if value not in allowed:
            raise self.wrong(key, f"unknown {what} {shown(value)}")
        return value

    def flag(self, key: str) -> bool:
        """True or false; false when absent."""
        value = self.entries.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, f"true or false is wanted, not {shown(value)}")
        return value

    def count(self, key: str) -> int:
        """A whole number, not below zero and with a ceiling."""
        return self.counted(key, self.entries.get(key))

    def counted(self, key: str, value: object) -> int:
        """Check a value that stands under a key as `count` does."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(key, f"a whole number is wanted, not {shown(value)}")
        if not 0 <= value <= _LENGTH_MAX:
            raise self.wrong(key, f"{value} is not between 0 and {_LENGTH_MAX}")
        return value

    def amount(self, key: str) -> Decimal:
        """A sum in yuan, not below zero."""
        value = self.entries.get(key)
        if not isinstance(value, int | Decimal) or isinstance(value, bool):
            raise self.wrong(key, f"a sum is wanted, not {shown(value)}")
        if value < 0:
            raise self.wrong(key, f"{value} is below zero")
        return Decimal(value)

    def limit(self, key: str) -> Limit:
        """A length of time written `{n: 5, unit: wd}`."""
        inner = self.section(key)
        inner.only("n", "unit")
        return Limit(inner.count("n"), inner.choice("unit", UNITS, "unit"))

    def limit_or_none(self, key: str) -> Limit | None:
        """A length of time, or None where none is fixed."""
        return self.limit(key) if self.has(key) else None

    def bilingual(self, key: str) -> Text:
        """A name written `{zh: ..., en: ...}`."""
        inner = self.section(key)
        inner.only("zh", "en")
        return Text(inner.text("zh"), inner.text("en"))

    def section(self, key: str) -> "Section":
        """An inner mapping."""
        value = self.entries.get(key)
        if not isinstance(value, dict):
            raise self.wrong(key, f"a mapping is wanted, not {shown(value)}")
        return Section(f"{self.place} {key}", value)

    def sections(self, key: str) -> "tuple[Section, ...]":
        """A list of mappings, none when absent; each is named by its position from 1."""
        rows = enumerate(self.listed(key), start=1)
        return tuple(
            Section(f"{self.place} {key} {n}", self._mapping(key, row)) for n, row in rows
        )

    def listed(self, key: str) -> list[object]:
        """A list, empty when absent."""
        value = self.entries.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, f"a list is wanted, not {shown(value)}")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """A list of different texts, empty when absent."""
        found: list[str] = []
        for value in self.listed(key):
            if not isinstance(value, str) or not value or not value.isprintable():
                raise self.wrong(key, f"a list of names is wanted, not {shown(value)}")
            if value in found:
                raise self.wrong(key, f"{shown(value)} stands twice")
            found.append(value)
        return tuple(found)

    def condition(self, key: str, source: str) -> Expression:
        """A condition of the little language that stands under a key."""
        try:
            return parse(source)
        except ExpressionError as error:
            raise self.wrong(key, str(error)) from error

    def _mapping(self, key: str, value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self.wrong(key, f"a mapping is wanted, not {shown(value)}")
        return value


def shown(value: object) -> str:
    """A value of the catalogue, short enough and clean enough for one line of a message."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value).lower()
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - one line of a message
