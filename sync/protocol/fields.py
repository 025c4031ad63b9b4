"""Typed reading of the maps a peer sent: type and range are known before use."""

from collections.abc import Mapping

from sync.errors import PeerProtocolError

SEQ_MAX = 2**53 - 1
"""The largest sequence number and time on the wire: what JSON readers can hold exactly."""

TEXT_CHARS_MAX = 512


class Fields:
    """One decoded map; every getter raises `PeerProtocolError` naming the field it dislikes.

    Unknown keys are never looked at, so a newer peer may add some.
    """

    def __init__(self, value: object, title: str) -> None:
        if not isinstance(value, Mapping):
            raise PeerProtocolError(f"{title} is not a map")
        self._values: Mapping[object, object] = value
        self._title = title

    def wrong(self, name: str) -> PeerProtocolError:
        """The error for a field that is absent or not what it should be."""
        return PeerProtocolError(f"{self._title}: the field {name} is missing or wrong")

    def text(self, name: str, *, chars_max: int = 64) -> str:
        """A text of 1 to `chars_max` characters."""
        value = self._values.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= chars_max:
            raise self.wrong(name)
        return value

    def words(self, name: str) -> str:
        """A text for people, cut to 512 characters, control characters replaced by spaces."""
        value = self._values.get(name)
        if not isinstance(value, str):
            raise self.wrong(name)
        return "".join(
            letter if letter.isprintable() else " " for letter in value[:TEXT_CHARS_MAX]
        )

    def number(self, name: str, *, low: int = 0, high: int = SEQ_MAX) -> int:
        """A whole number in the closed range; true and false are no numbers."""
        value = self._values.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.wrong(name)
        return value

    def number_or_none(self, name: str) -> int | None:
        """A whole number from 0, or None where the peer sent none."""
        return None if self._values.get(name) is None else self.number(name)

    def octets(self, name: str) -> bytes:
        """A byte string; what holds it has a limit."""
        value = self._values.get(name)
        if not isinstance(value, bytes):
            raise self.wrong(name)
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._values.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name)
        return value

    def rows(self, name: str, *, count_max: int) -> list[object]:
        """A list of at most `count_max` values of any type."""
        value = self._values.get(name)
        if not isinstance(value, list) or len(value) > count_max:
            raise self.wrong(name)
        return value

    def inner(self, name: str) -> "Fields | None":
        """A map inside this one, or None where the peer sent none."""
        value = self._values.get(name)
        return None if value is None else Fields(value, f"{self._title}: {name}")
