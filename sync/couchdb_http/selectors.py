"""Mango selectors: which documents a query or a filtered feed is about.

A selector is compiled once into a predicate, so that a feed pays for reading it only once. The
operators, what they make of missing fields and the texts of the errors are CouchDB's.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sync.couchdb_http.collation import Json, Key, key_of, raw_key_of
from sync.couchdb_http.errors import ReplyError, bad_request
from sync.couchdb_http.patterns import Pattern, PatternError

Predicate: TypeAlias = Callable[[Json], bool]
"""Whether a value (of a document, at first) is meant."""

DEPTH_MAX = 32
"""Selectors nested deeper are refused; people write three levels."""

CONDITIONS_MAX = 1000
"""Operators and fields of one selector; a longer one is a denial of service."""

_TYPES: Mapping[str, Callable[[Json], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}

_COMPARISONS: Mapping[str, Callable[[Key, Key], bool]] = {
    "$lt": operator.lt,
    "$lte": operator.le,
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gte": operator.ge,
    "$gt": operator.gt,
}

_UNSUPPORTED = frozenset(
    {"$where", "$geoWithin", "$geoIntersects", "$near", "$nearSphere", "$text"}
)


def compile_selector(selector: Json) -> Predicate:
    """The predicate that a selector means.

    Raises:
        ReplyError: It is no selector; status 400, error and reason as CouchDB gives them.
    """
    if not isinstance(selector, dict):
        raise bad_request("Selector must be a JSON object", "invalid_selector_json")
    return _Compiler().conditions(selector, _Place())


def parse_path(name: str) -> tuple[str, ...]:
    r"""The names of a nested field, `a.b`; `a\.b` is one name with a dot.

    Raises:
        ReplyError: A name is empty.
    """
    parts = [""]
    escaped = False
    for sign in name:
        if escaped:
            parts[-1] += sign
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == ".":
            parts.append("")
        else:
            parts[-1] += sign
    if not all(parts):
        raise bad_request(f"One or more conditions is missing a field name: {name}", _BAD)
    return tuple(parts)


_BAD = "invalid_selector"
_MISSING = object()


def field_of(value: Json, path: tuple[str, ...]) -> object:
    """The value at a path, or `MISSING`; a number steps into an array."""
    found: object = value
    for name in path:
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name[:9]) < len(found):
            found = found[int(name[:9])]
        else:
            return MISSING
    return found


MISSING = _MISSING
"""What stands at a path that a document does not have."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a condition stands in its selector.

    A negation is carried down to the operators, because `{"a": {"$not": {"$gt": 3}}}` does not
    match a document without `a`: only there it becomes "not".
    """

    path: tuple[str, ...] = ()
    depth: int = 0
    negated: bool = False

    def below(self, *names: str) -> "_Place":
        return _Place((*self.path, *names), self.depth + 1, self.negated)

    def opposite(self) -> "_Place":
        return _Place(self.path, self.depth + 1, not self.negated)

    def among_elements(self) -> "_Place":
        return _Place((), self.depth + 1)


class _Compiler:
    """Turns one selector into predicates and counts what it costs."""

    def __init__(self) -> None:
        self._conditions = 0

    def conditions(self, selector: dict[str, Json], place: _Place) -> Predicate:
        """Every pair of an object must hold."""
        self._weigh(place)
        if not selector and place.path:
            return _at(place, lambda _value: True)
        parts = [self._pair(name, value, place.below()) for name, value in selector.items()]
        return parts[0] if len(parts) == 1 else _combined(parts, all_of=not place.negated)

    def _pair(self, name: str, value: Json, place: _Place) -> Predicate:
        self._weigh(place)
        if name in {"$and", "$or", "$nor"}:
            return self._combination(name, value, place)
        if name == "$not":
            if not isinstance(value, dict):
                raise _bad_argument(name, value)
            return self.conditions(value, place.opposite())
        if name.startswith("$"):
            return self._operator(name, value, place)
        return self._condition(value, place.below(*parse_path(name)))

    def _condition(self, value: Json, place: _Place) -> Predicate:
        if isinstance(value, dict):
            return self.conditions(value, place)
        return _at(place, _compare(place, "$eq", value))

    def _combination(self, name: str, value: Json, place: _Place) -> Predicate:
        if not isinstance(value, list):
            raise _bad_argument(name, value)
        inner = place.opposite() if name == "$nor" else place.below()
        parts = [self._condition(part, inner) for part in value]
        # By De Morgan "none of" is "all are not", and the parts are negated already.
        return _combined(parts, all_of=(name == "$or") is place.negated)

    def _operator(self, name: str, value: Json, place: _Place) -> Predicate:
        if name == "$exists":
            return _exists(place, value)
        if name in {"$elemMatch", "$allMatch", "$keyMapMatch"}:
            return _at(place, self._elements(name, value, place))
        make = _OPERATORS.get(name)
        if make is None:
            known = name in _UNSUPPORTED
            raise bad_request(
                f"{'Operator not supported' if known else 'Invalid operator'}: {name}", _BAD
            )
        return _at(place, make(place, name, value))

    def _elements(self, name: str, value: Json, place: _Place) -> Predicate:
        if not isinstance(value, dict):
            raise _bad_argument(name, value)
        part = self.conditions(value, place.among_elements())
        if name == "$elemMatch":
            return lambda items: isinstance(items, list) and any(map(part, items))
        if name == "$allMatch":
            return lambda items: (
                isinstance(items, list) and bool(items) and all(map(part, items))
            )
        return lambda items: isinstance(items, dict) and any(part(key) for key in items)

    def _weigh(self, place: _Place) -> None:
        self._conditions += 1
        if place.depth > DEPTH_MAX or self._conditions > CONDITIONS_MAX:
            raise bad_request("The selector is too large", _BAD)


def _combined(parts: Sequence[Predicate], *, all_of: bool) -> Predicate:
    if all_of:
        return lambda document: all(part(document) for part in parts)
    return lambda document: any(part(document) for part in parts)


def _at(place: _Place, test: Predicate) -> Predicate:
    """The test on the value at a path; a document without the field never matches."""
    path, wanted = place.path, not place.negated

    def matches(document: Json) -> bool:
        value = field_of(document, path)
        return value is not MISSING and test(value) is wanted  # type: ignore[arg-type]

    return matches


def _exists(place: _Place, expected: Json) -> Predicate:
    if not isinstance(expected, bool):
        raise _bad_argument("$exists", expected)
    wanted = expected is not place.negated
    return lambda document: (field_of(document, place.path) is not MISSING) is wanted


def _compare(place: _Place, name: str, argument: Json) -> Predicate:
    # The ids of documents are sorted by their bytes, everything else as text is.
    key = raw_key_of if place.path == ("_id",) else key_of
    wanted = key(argument)
    compare = _COMPARISONS[name]
    return lambda value: compare(key(value), wanted)


def _member(_place: _Place, name: str, argument: Json) -> Predicate:
    if not isinstance(argument, list):
        raise _bad_argument(name, argument)
    wanted = {key_of(item) for item in argument}
    inside = name == "$in"

    def matches(value: Json) -> bool:
        values = value if isinstance(value, list) else [value]
        return any(key_of(item) in wanted for item in values) is inside

    return matches


def _all(_place: _Place, name: str, argument: Json) -> Predicate:
    if not isinstance(argument, list):
        raise _bad_argument(name, argument)
    wanted = [key_of(item) for item in argument]
    whole = key_of(argument[0]) if len(argument) == 1 else None

    def matches(value: Json) -> bool:
        if not isinstance(value, list):
            return False
        held = {key_of(item) for item in value}
        return all(item in held for item in wanted) or key_of(value) == whole

    return matches


def _type(_place: _Place, name: str, argument: Json) -> Predicate:
    if not isinstance(argument, str):
        raise _bad_argument(name, argument)
    return _TYPES.get(argument, lambda _value: False)


def _size(_place: _Place, name: str, argument: Json) -> Predicate:
    if not isinstance(argument, int) or isinstance(argument, bool) or argument < 0:
        raise _bad_argument(name, argument)
    return lambda value: isinstance(value, list) and len(value) == argument


def _modulo(_place: _Place, name: str, argument: Json) -> Predicate:
    numbers = argument if isinstance(argument, list) else []
    whole = [n for n in numbers if isinstance(n, int) and not isinstance(n, bool)]
    if len(numbers) != 2 or len(whole) != 2 or whole[0] == 0:  # noqa: PLR2004
        raise _bad_argument(name, argument)
    divisor, remainder = whole

    def matches(value: Json) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        # The remainder has the sign of the value, as in Erlang.
        left = abs(value) % abs(divisor)
        return (left if value >= 0 else -left) == remainder

    return matches


def _regex(_place: _Place, name: str, argument: Json) -> Predicate:
    if not isinstance(argument, str):
        raise _bad_argument(name, argument)
    try:
        pattern = Pattern(argument)
    except PatternError as error:
        raise bad_request(f"Bad argument for operator $regex: {error}", _BAD) from error
    return lambda value: isinstance(value, str) and pattern.is_in(value)


def _begins(_place: _Place, name: str, argument: Json) -> Predicate:
    if not isinstance(argument, str):
        raise _bad_argument(name, argument)
    return lambda value: isinstance(value, str) and value.startswith(argument)


_OPERATORS: Mapping[str, Callable[[_Place, str, Json], Predicate]] = {
    **dict.fromkeys(_COMPARISONS, _compare),
    "$in": _member,
    "$nin": _member,
    "$all": _all,
    "$type": _type,
    "$size": _size,
    "$mod": _modulo,
    "$regex": _regex,
    "$beginsWith": _begins,
}


def _bad_argument(name: str, value: Json) -> ReplyError:
    return bad_request(f"Bad argument for operator {name}: {str(value)[:80]}", _BAD)
