"""Every text that a person reads, by symbolic key, in the language of that person.

A package keeps its texts in `locale/<language>.po`; the identifier of a message is a key such
as `network.made`, never an English sentence, so that Chinese may come first. The catalogues of
all packages make one name space: a key stands in one package alone.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from web.errors import TextsError

LANGUAGES = ("zh", "en")
"""Languages a person can choose; the first is the default of pages."""

# The packages that may hold a `locale` folder; found, not imported, as most lie above web.
PACKAGES = ("casebook", "web", "node", "hub", "postroad")


class Texts:
    """The texts of all packages in one language.

    Args:
        language: One of `LANGUAGES`.

    Raises:
        TextsError: The language is unknown, a catalogue cannot be read, or a key stands in two
            packages.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._messages = _load(language)

    def text(self, key: str, /, **params: object) -> str:
        """The text of a key, with `{name}` replaced by the parameter of that name.

        Raises:
            TextsError: The key is in no catalogue, or the text wants a parameter that was not
                given. For keys made from codes of a peer, which may be newer than this program,
                use `find`.
        """
        message = self._messages.get(key)
        if message is None:
            raise TextsError(f"no text for {key!r} in language {self.language}")
        return self._fill(key, message, params)

    def find(self, key: str, /, **params: object) -> str | None:
        """The text of a key, or None where the catalogues do not have it."""
        message = self._messages.get(key)
        return None if message is None else self._fill(key, message, params)

    def keys(self) -> tuple[str, ...]:
        """All keys, sorted; tests compare the languages with it."""
        return tuple(sorted(self._messages))

    def _fill(self, key: str, message: str, params: Mapping[str, object]) -> str:
        try:
            return message.format_map(params) if "{" in message else message
        except (KeyError, IndexError, ValueError) as error:
            raise TextsError(f"text {key!r} ({self.language}) wants {error}") from error


def language_of(wish: str | None) -> str:
    """The language for a locale name such as `zh_CN.UTF-8`: Chinese for zh, else English."""
    return "zh" if (wish or "").lower().startswith("zh") else "en"


@functools.cache
def _load(language: str) -> Mapping[str, str]:
    if language not in LANGUAGES:
        raise TextsError(f"no texts in language {language!r}")
    messages: dict[str, str] = {}
    for package in PACKAGES:
        path = _catalogue_path(package, language)
        for key, text in _read(path).items():
            if key in messages:
                raise TextsError(f"{path}: key {key!r} stands in another package as well")
            messages[key] = text
    return MappingProxyType(messages)


def _catalogue_path(package: str, language: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise TextsError(f"package {package} is not installed")
    return Path(spec.submodule_search_locations[0]) / "locale" / f"{language}.po"


def _read(path: Path) -> dict[str, str]:
    # A package without texts of its own has no file.
    if not path.exists():
        return {}
    # Babel is imported here: commands that print nothing of a catalogue start without it.
    from babel.messages.pofile import PoFileError, read_po  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
    except (OSError, PoFileError, UnicodeDecodeError) as error:
        raise TextsError(f"{path}: {error}") from error
    messages: dict[str, str] = {}
    for message in catalogue:
        if not message.id:
            continue
        if not isinstance(message.id, str) or not isinstance(message.string, str):
            raise TextsError(f"{path}: {message.id!r} has plural forms; keys have none")
        if not message.string:
            raise TextsError(f"{path}: {message.id!r} is empty")
        messages[message.id] = message.string
    return messages
