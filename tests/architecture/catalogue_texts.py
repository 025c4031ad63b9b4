"""What message catalogues hold, and which of their keys code and templates ask for."""

import ast
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from babel.messages.pofile import read_po

# The names under which a text is asked for: `t("key")` in templates; in modules also
# `texts.text("key")`, `terminal.say("key")`, `UsageError("key")` and `help="key"`.
_ASKING_FUNCTION = re.compile(r"\w+Error")
_ASKING_METHODS = {"say", "text"}
_ASKING_PARAMETERS = {"description", "help", "hint"}
_KEY = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]*)+")
_IN_TEMPLATE = re.compile(r"""(?<![\w.])t\(\s*(["'])(?P<key>[^"']+)\1\s*(?P<next>.)""")
_PLACEHOLDER = re.compile(r"(?<!\{)\{(\w+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """A key that the code asks for, or the fixed beginning of a key that it puts together."""

    key: str
    is_prefix: bool
    line: int

    def is_in(self, keys: Mapping[str, str]) -> bool:
        """Whether a catalogue can answer."""
        if self.is_prefix:
            return any(key.startswith(self.key) for key in keys)
        return self.key in keys


def messages(text: str) -> dict[str, str]:
    """The keys of a catalogue and their texts.

    Raises:
        PoFileError: The catalogue cannot be read.
    """
    catalogue = read_po(io.BytesIO(text.encode("utf-8")), abort_invalid=True)
    return {str(message.id): str(message.string) for message in catalogue if message.id}


def repeated_keys(text: str) -> list[str]:
    """Keys that stand twice in one catalogue, where the later text would silently win."""
    keys = re.findall(r'^msgid "(.+)"$', text, flags=re.MULTILINE)
    return sorted({key for key in keys if keys.count(key) > 1})


def differences(first: Mapping[str, str], second: Mapping[str, str]) -> Iterator[str]:
    """Where two languages of one catalogue do not say the same with the same parameters."""
    for key in sorted(first.keys() | second.keys()):
        texts = first.get(key, ""), second.get(key, "")
        if not all(texts):
            yield f"{key}: without text in one language"
        elif len({frozenset(_PLACEHOLDER.findall(text)) for text in texts}) > 1:
            yield f"{key}: different parameters"


def asked_by_template(text: str) -> Iterator[Asked]:
    """Every text that a Jinja template asks for."""
    for match in _IN_TEMPLATE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Asked(match["key"], is_prefix=match["next"] not in ",)", line=line)


def asked_by_module(text: str) -> Iterator[Asked]:
    """Every text that a Python module asks for by a key that stands in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            for argument in _asking_arguments(node):
                key, is_prefix = _fixed_part(argument)
                if _KEY.fullmatch(key):
                    yield Asked(key, is_prefix=is_prefix, line=node.lineno)


def _asking_arguments(call: ast.Call) -> Iterator[ast.expr]:
    if _asks(call.func):
        yield from call.args[:1]
    for keyword in call.keywords:
        if keyword.arg in _ASKING_PARAMETERS:
            yield keyword.value


def _asks(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return bool(_ASKING_FUNCTION.fullmatch(function.id))
    return isinstance(function, ast.Attribute) and function.attr in _ASKING_METHODS


def _fixed_part(argument: ast.expr) -> tuple[str, bool]:
    if isinstance(argument, ast.Constant):
        return str(argument.value), False
    if isinstance(argument, ast.JoinedStr) and argument.values:
        return _fixed_part(argument.values[0])[0], True
    if isinstance(argument, ast.BinOp):
        return _fixed_part(argument.left)[0], True
    return "", True
