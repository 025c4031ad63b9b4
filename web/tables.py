"""Reading the tables of a configuration file with checks that name the key at fault."""

from __future__ import annotations

from collections.abc import Mapping

from web.errors import SettingsError

TEXT_MAX = 1024
KEY_HEX = 64
CODE_DIGITS = 12


class Table:
    """One table of a configuration file, whose keys are taken one by one.

    Args:
        values: The table as the TOML parser gave it.
        source: Name of the file, for errors.
        name: Name of the table, empty for the document.
    """

    def __init__(self, values: Mapping[str, object], source: str, name: str) -> None:
        self._left = dict(values)
        self._source = source
        self._name = name

    def has(self, key: str) -> bool:
        """Whether the key stands in the file and was not taken yet."""
        return key in self._left

    def table(self, key: str) -> Table:
        """A table within this one.

        Raises:
            SettingsError: It is missing or is not a table. All other methods raise likewise.
        """
        value = self._take(key)
        if not isinstance(value, dict):
            raise self.error(key, "is not a table")
        return Table(value, self._source, self._qualified(key))

    def text(self, key: str) -> str:
        """A text that is not empty and has no control characters."""
        return self._checked_text(key, self._take(key))

    def texts(self, key: str, count_max: int) -> tuple[str, ...]:
        """A list of 1 to `count_max` texts."""
        value = self._take(key)
        if not isinstance(value, list) or not 1 <= len(value) <= count_max:
            raise self.error(key, f"is not a list of 1 to {count_max} texts")
        return tuple(self._checked_text(key, item) for item in value)

    def code(self, key: str) -> str:
        """A unit code of 12 digits."""
        text = self.text(key)
        if len(text) != CODE_DIGITS or not (text.isascii() and text.isdecimal()):
            raise self.error(key, f"is not a code of {CODE_DIGITS} digits")
        return text

    def key(self, key: str) -> bytes:
        """A public key of 32 bytes in hexadecimal."""
        text = self.text(key)
        try:
            value = bytes.fromhex(text) if len(text) == KEY_HEX else b""
        except ValueError:
            value = b""
        if len(value) * 2 != KEY_HEX:
            raise self.error(key, f"is not a key of {KEY_HEX} hexadecimal digits")
        return value

    def whole(self, key: str, least: int, most: int) -> int:
        """A whole number between two bounds, both included."""
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.error(key, f"is not a whole number from {least} to {most}")
        return value

    def number(self, key: str, least: float, most: float) -> float:
        """A number between two bounds, both included."""
        value = self._take(key)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.error(key, "is not a number")
        if not least <= value <= most:
            raise self.error(key, f"is not a number from {least} to {most}")
        return float(value)

    def finish(self) -> None:
        """Refuse what nobody took.

        Raises:
            SettingsError: A key is unknown.
        """
        if self._left:
            raise self.error(min(self._left), "is not a known setting")

    def error(self, key: str, fault: str) -> SettingsError:
        """An error that names file and key."""
        return SettingsError(f"{self._source}: {self._qualified(key)} {fault}")

    def _take(self, key: str) -> object:
        if key not in self._left:
            raise self.error(key, "is missing")
        return self._left.pop(key)

    def _checked_text(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value or len(value) > TEXT_MAX:
            raise self.error(key, "is not a text")
        if not value.isprintable():
            raise self.error(key, "has control characters")
        return value

    def _qualified(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key
