"""Policy: typed values that a unit sets for itself and all below, with a default for each.

A policy is the published set `policy`, a TOML file of tables. Units on a path are read from the
root down and the nearest wins, value by value. Whoever needs a value declares it here once:

    RETRY_S = _whole("link.retry_s", 300, low=1, high=3600)

and reads it with `policy.whole(RETRY_S)`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from casebook.errors import PolicyError
from sync.protocol.linkpolicy import read_windows

BYTES_MAX = 256 << 10
_TEXT_LENGTH_MAX = 256
_TEXTS_MAX = 64

Value = int | bool | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One value of the policy: its name `table.key`, its default and its bounds."""

    name: str
    default: Value
    low: int = 0
    high: int = 0


_RULES: dict[str, Rule] = {}


def _declared(rule: Rule) -> Rule:
    assert rule.name not in _RULES, rule.name
    _RULES[rule.name] = rule
    return rule


def _whole(name: str, default: int, *, low: int, high: int) -> Rule:
    return _declared(Rule(name, default, low, high))


def _texts(name: str, default: tuple[str, ...]) -> Rule:
    return _declared(Rule(name, default))


CERTIFICATE_DAYS = _whole("certificate.days", 30, low=1, high=365)
"""How long a device certificate holds; it is renewed at half of that."""
LINK_WINDOWS = _texts("link.windows", ())
"""Windows in which a unit may sync, as `HH:MM-HH:MM` or `mon-fri HH:MM-HH:MM`; none: always."""
LINK_ASKED = _whole("link.asked", 0, low=0, high=1)
"""1: a clerk who asks for it may sync outside the windows."""
LINK_PAUSED = _whole("link.paused", 0, low=0, high=1)
"""1: no sync but a short call now and then, by which a unit hears that it may go on."""
LINK_PAUSED_CALL_MIN = _whole("link.paused_call_min", 60, low=10, high=1440)
"""Minutes between two such calls."""
LINK_RATE_KIB = _whole("link.rate_kib_s", 0, low=0, high=1 << 20)
"""KiB a second that sync may use; 0 for all that the link gives."""
LOGIN_HOURS = _texts("gateway.hours", ())
"""Times of day at which devices may log in, as `HH:MM-HH:MM`; none for always."""
GATEWAY_TARGETS = _texts("gateway.targets", ("sync", "pages"))
"""What devices may reach through their tunnels: `sync`, and `pages` for their clerks."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The values in force at one node."""

    values: Mapping[str, Value] = field(default_factory=lambda: _NOTHING)

    def whole(self, rule: Rule) -> int:
        """Return the number of a rule."""
        value = self.values.get(rule.name, rule.default)
        assert isinstance(value, int), f"{rule.name} is no number"
        return value

    def texts(self, rule: Rule) -> tuple[str, ...]:
        """Return the texts of a rule."""
        value = self.values.get(rule.name, rule.default)
        assert isinstance(value, tuple), f"{rule.name} is no list of texts"
        return value


_NOTHING: Final[Mapping[str, Value]] = MappingProxyType({})


def rules() -> tuple[Rule, ...]:
    """Return every value that a policy may set, in the order of their names."""
    return tuple(_RULES[name] for name in sorted(_RULES))


def read_policy(text: str) -> Policy:
    """Read a policy strictly: what is not declared, or out of bounds, is refused by name.

    Raises:
        PolicyError: It is no TOML, or a value is unknown, of another type or out of bounds.
    """
    policy = Policy({name: _checked(name, value) for name, value in _flat(text)})
    for window in policy.texts(LINK_WINDOWS):
        if not read_windows([window]):
            raise PolicyError(f"link.windows: {window!r} is no window")
    return policy


def merged(texts: Iterable[str]) -> Policy:
    """Return the policy of a path from the policies of its units, root first.

    A value that this program does not know is passed over: the unit above may be newer.
    """
    values: dict[str, Value] = {}
    for text in texts:
        for name, value in _flat(text):
            if name in _RULES:
                values[name] = _checked(name, value)
    return Policy(MappingProxyType(values))


def _flat(text: str) -> list[tuple[str, object]]:
    if len(text) > BYTES_MAX:
        raise PolicyError(f"the policy is larger than {BYTES_MAX} bytes")
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyError(f"the policy is no TOML: {error}") from error
    found = []
    for table, values in tables.items():
        if not isinstance(values, dict):
            raise PolicyError(f"{table}: a policy has tables with values")
        found += [(f"{table}.{key}", value) for key, value in values.items()]
    return found


def _checked(name: str, value: object) -> Value:
    rule = _RULES.get(name)
    if rule is None:
        raise PolicyError(f"{name}: there is no such value")
    if isinstance(rule.default, tuple):
        return _checked_texts(name, value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise PolicyError(f"{name}: not a whole number")
    if not rule.low <= value <= rule.high:
        raise PolicyError(f"{name}: not from {rule.low} to {rule.high}")
    return value


def _checked_texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _TEXTS_MAX:
        raise PolicyError(f"{name}: not a list of at most {_TEXTS_MAX} texts")
    for each in value:
        if not isinstance(each, str) or len(each) > _TEXT_LENGTH_MAX:
            raise PolicyError(f"{name}: not a list of texts")
    return tuple(value)
