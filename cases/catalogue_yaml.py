"""Reads the YAML text of a catalogue into plain values, and refuses what YAML can do to it.

The parser's events are put together here, without recursion, so that a deep text cannot exhaust
the stack. Anchors and aliases (the way to make a small text unfold into a huge value), explicit
tags, merge keys, a repeated key and a second document are refused with the line they stand on.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml

from cases.errors import CatalogueError

BYTES_MAX = 2 * 1024 * 1024
"""The shipped catalogue of 50 items has 72 KB; a province lists some 2,000 items."""
DEPTH_MAX = 12
NODES_MAX = 200_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,9}", re.ASCII)
_TRUE = ("true", "yes", "on")


def read_yaml(text: str) -> object:
    """The one document of a text as dicts, lists, texts, ints, decimals, bools and None.

    Dates stay text. Keys are texts.

    Raises:
        CatalogueError: Not YAML, too long, too deep, too many parts, or a refused feature.
    """
    _check_size(text)
    builder = _Builder()
    try:
        for event in _events(text):
            builder.add(event)
    except yaml.YAMLError as error:
        raise CatalogueError(
            f"{_line(error)}: not readable as YAML: {_problem(error)}"
        ) from error
    return builder.document


def _check_size(text: str) -> None:
    try:
        length = len(text) if len(text) > BYTES_MAX else len(text.encode())
    except UnicodeEncodeError as error:
        raise CatalogueError("the catalogue holds text that is not Unicode") from error
    if length > BYTES_MAX:
        raise CatalogueError(f"the catalogue is longer than {BYTES_MAX} bytes")


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=_LOADER)


class _Builder:
    """Puts events together on a stack of open lists and dicts."""

    def __init__(self) -> None:
        self.document: object = None
        self._documents = 0
        self._nodes = 0
        self._open: list[_Container] = []

    def add(self, event: Any) -> None:  # noqa: ANN401 - PyYAML's events carry no types
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _refused(event, "a second document")
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._start(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            closed = self._open.pop()
            self._place(closed.value, event)
        elif isinstance(event, yaml.AliasEvent):
            raise _refused(event, "an alias")
        elif isinstance(event, yaml.ScalarEvent):
            self._place(self._scalar(event), event)

    def _start(self, event: Any) -> None:  # noqa: ANN401
        _check_node(event)
        if len(self._open) >= DEPTH_MAX:
            raise _refused(event, f"nesting deeper than {DEPTH_MAX}")
        if self._open and self._open[-1].wants_key:
            raise _refused(event, "a key that is not a text")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Container({} if is_mapping else []))

    def _scalar(self, event: Any) -> object:  # noqa: ANN401
        _check_node(event)
        if self._open and self._open[-1].wants_key:
            if _tag(event) != "str":
                raise _refused(event, f"the key {event.value[:40]!r}, which is not a text")
            return str(event.value)
        return _value(event)

    def _place(self, value: object, event: Any) -> None:  # noqa: ANN401
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise _refused(event, f"more than {NODES_MAX} parts")
        if not self._open:
            self.document = value
        elif not self._open[-1].take(value):
            raise _refused(event, f"the key {str(value)[:40]!r} twice")


class _Container:
    """An open list, or an open dict with the key that waits for its value."""

    def __init__(self, value: dict[str, object] | list[object]) -> None:
        self.value = value
        self._key: str | None = None

    @property
    def wants_key(self) -> bool:
        return isinstance(self.value, dict) and self._key is None

    def take(self, value: object) -> bool:
        """Keep a key, a value or a list entry; False for a key that is already there."""
        if isinstance(self.value, list):
            self.value.append(value)
        elif self._key is None:
            self._key = str(value)
            return self._key not in self.value
        else:
            self.value[self._key] = value
            self._key = None
        return True


def _check_node(event: Any) -> None:  # noqa: ANN401
    if event.anchor is not None:
        raise _refused(event, "an anchor")
    if event.tag is not None:
        raise _refused(event, "an explicit tag")


def _tag(event: Any) -> str:  # noqa: ANN401
    if not event.implicit[0]:
        return "str"
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, event.value, (True, False))
    kind = tag.rpartition(":")[2]
    return "str" if kind == "timestamp" else kind


def _value(event: Any) -> object:  # noqa: ANN401
    text, tag = str(event.value), _tag(event)
    if tag == "str":
        return text
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in _TRUE
    if tag == "int" and _INTEGER.fullmatch(text):
        return int(text)
    if tag == "float" and _DECIMAL.fullmatch(text):
        return Decimal(text)
    raise _refused(event, f"{text[:40]!r} in a form that is not used here; quote it")


def _refused(event: Any, what: str) -> CatalogueError:  # noqa: ANN401
    return CatalogueError(f"line {event.start_mark.line + 1}: {what} is refused")


def _line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return "catalogue" if mark is None else f"line {mark.line + 1}"


def _problem(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "bad text"
    return " ".join(str(problem).split())
