"""What an entry of a case says: the acts there are and the facts that each of them carries.

Facts hold nothing personal, so that supervision above may read them. The table below is the
whole grammar of facts. A fact that it does not name is kept and ignored, and so is an act that
it does not name: an older node carries what a newer one wrote.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard

from cases.errors import FactsError, NumberError
from cases.numbers import parse_case_number

TEXT_LENGTH_MAX = 64
LIMIT_MAX = 10_000
LIST_LENGTH_MAX = 100

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,6})?[+-][0-9]{2}:[0-9]{2}"
)
_UNIT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One opened act on a case: what its header says, who its author is, and its facts.

    `id` is the hash of the whole record, so that equal ids mean equal entries. `epoch` is the
    custody epoch the author saw. `device`, `incarnation` and `seq` are the place in the
    author's feed, `unit` is the author's unit by the registry, `path` the case's home path,
    root first. `hlc` is shown and never sorted by.
    """

    id: str
    parents: tuple[str, ...]
    epoch: int
    device: str
    seq: int
    unit: str
    path: tuple[str, ...]
    hlc: tuple[int, int]
    facts: Mapping[str, object]
    incarnation: int = 0


def check_facts(facts: Mapping[str, object]) -> None:
    """Refuse facts that are malformed; an unknown act passes, whatever else it says.

    Raises:
        FactsError: A fact is absent, of a wrong type, or out of its bounds.
    """
    act = facts.get("act")
    if not is_text(act):
        raise FactsError("facts: the act is not a short text")
    _check(act, _EVERY_ACT, facts)
    check_details(act, facts)


def check_details(act: str, facts: Mapping[str, object]) -> None:
    """Refuse malformed facts of one act, leaving aside those that every act carries.

    Raises:
        FactsError: A fact is absent, of a wrong type, or out of its bounds.
    """
    _check(act, _BY_ACT.get(act, {}), facts)


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether a value is a short printable text, as codes and names in facts are."""
    return isinstance(value, str) and 0 < len(value) <= TEXT_LENGTH_MAX and value.isprintable()


def is_moment(value: object) -> TypeGuard[str]:
    """Tell whether a value is a time such as `2026-11-23T09:05:00+08:00`."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def text(facts: Mapping[str, object], name: str) -> str:
    """A fact that is a short text, or nothing where it is absent or something else."""
    value = facts.get(name)
    return value if is_text(value) else ""


def _check(
    act: str, rules: Mapping[str, Callable[[object], bool]], facts: Mapping[str, object]
) -> None:
    for name, holds in rules.items():
        if not holds(facts.get(name)):
            raise FactsError(f"facts of {act}: {name} is absent or malformed")


def _is_unit(value: object) -> bool:
    return isinstance(value, str) and bool(_UNIT.fullmatch(value))


def _is_case_number(value: object) -> bool:
    try:
        return isinstance(value, str) and parse_case_number(value).text == value
    except NumberError:
        return False


def _is_limit(value: object) -> bool:
    """A limit is {n, unit}; none at all is lawful, for some items have no legal limit."""
    if value is None:
        return True
    if not isinstance(value, Mapping):
        return False
    n, unit = value.get("n"), value.get("unit")
    counts = isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= LIMIT_MAX
    return counts and unit in ("wd", "cd", "h")


def _is_papers(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) <= LIST_LENGTH_MAX
        and all(
            isinstance(paper, Mapping)
            and is_text(paper.get("material"))
            and is_text(paper.get("state"))
            for paper in value
        )
    )


def _is_field_names(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and 0 < len(value) <= LIST_LENGTH_MAX
        and all(is_text(name) for name in value)
        and len(dict.fromkeys(value)) == len(value)
    )


def _one_of(*words: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in words


_EVERY_ACT: Mapping[str, Callable[[object], bool]] = {"at": is_moment, "clerk": is_text}

_BY_ACT: Mapping[str, Mapping[str, Callable[[object], bool]]] = {
    "receive": {
        "case_no": _is_case_number,
        "item": is_text,
        "item_version": is_text,
        "papers": _is_papers,
    },
    "precheck": {"result": _one_of("fit", "lacks", "not_ours")},
    "accept": {"promised": _is_limit, "legal": _is_limit, "calendar": is_text},
    "send_up": {"to": _is_unit},
    "take": {},
    "return": {"to": _is_unit, "reason_code": is_text},
    "step_done": {"step": is_text},
    "decide": {"outcome": _one_of("granted", "refused", "filed")},
    "issue": {"document_no": is_text},
    "deliver": {"relation": is_text},
    "note": {},
    "amend": {"fields": _is_field_names},
    "withdraw": {},
}

ACTS = tuple(_BY_ACT)
