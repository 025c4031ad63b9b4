"""The grammar of facts: which facts each act carries, and when one of them is well formed.

The tables are the whole of it. A fact that they do not name is kept and ignored. A name that
ends in `?` may be absent; when it is there it has to be well formed like any other.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeGuard

from cases.errors import NumberError
from cases.numbers import parse_case_number

TEXT_LENGTH_MAX = 64
LIMIT_MAX = 10_000
LIST_LENGTH_MAX = 100
ENTRIES_MAX = 64

RULES_OF_FIELDS = ("latest", "custody", "higher", "union", "ask")
"""How amendments of one field made apart are settled; `latest` where none is named."""

PAUSE_KINDS = (
    *("supplement", "site_visit", "hearing", "publicity", "expert_review", "inspection"),
    *("bidding", "verification", "third_party", "clarify", "force_majeure"),
)
"""The special procedures during which the clock of a case may stand."""

LEVELS = ("very_satisfied", "satisfied", "basically", "unsatisfied", "very_unsatisfied")
CHANNELS = ("window", "qr", "web", "phone", "sms", "paper")
OPINIONS = ("agree", "disagree", "no_answer")
OUTCOMES = ("granted", "refused", "filed")
CHOICES = ("keep", "adopt", "reopen")
RETENTION = ("permanent", "y30", "y10")

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,6})?[+-][0-9]{2}:[0-9]{2}"
)
_UNIT = re.compile(r"[0-9]{12}")
_ENTRY = re.compile(r"[0-9a-f]{64}")

Check = Callable[[object], bool]


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


def is_limit(value: object) -> bool:
    """A limit is {n, unit}; none at all is lawful, for some items have no legal limit."""
    if value is None:
        return True
    if not isinstance(value, Mapping):
        return False
    n, unit = value.get("n"), value.get("unit")
    counts = isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= LIMIT_MAX
    return counts and unit in ("wd", "cd", "h")


def is_papers(value: object) -> bool:
    """Papers are {material, state}, at most LIST_LENGTH_MAX of them."""
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


def _is_unit(value: object) -> bool:
    return isinstance(value, str) and bool(_UNIT.fullmatch(value))


def _is_entry(value: object) -> bool:
    return isinstance(value, str) and bool(_ENTRY.fullmatch(value))


def _is_case_number(value: object) -> bool:
    try:
        return isinstance(value, str) and parse_case_number(value).text == value
    except NumberError:
        return False


def _is_names(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and 0 < len(value) <= LIST_LENGTH_MAX
        and all(is_text(name) for name in value)
        and len(dict.fromkeys(value)) == len(value)
    )


def _is_entries(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and 0 < len(value) <= ENTRIES_MAX
        and all(_is_entry(each) for each in value)
        and len(dict.fromkeys(value)) == len(value)
    )


def _is_day(value: object) -> bool:
    if not isinstance(value, str) or len(value) != len("2026-11-23"):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_field_rules(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) <= LIST_LENGTH_MAX
        and all(
            is_text(name) and isinstance(rule, str) and rule in RULES_OF_FIELDS
            for name, rule in value.items()
        )
    )


def _is_parts(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and 0 < len(value) <= LIST_LENGTH_MAX
        and all(is_text(part) and outcome in OUTCOMES for part, outcome in value.items())
    )


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 2**53


def _one_of(*words: str) -> Check:
    return lambda value: isinstance(value, str) and value in words


EVERY_ACT: Mapping[str, Check] = {
    "at": is_moment,
    "clerk": is_text,
    # How far the clock of the hub was ahead of this device's when they last spoke.
    "clock_offset_s?": _is_count,
}
"""What every act carries."""

_ACCEPTANCE: Mapping[str, Check] = {
    "promised": is_limit,
    "legal": is_limit,
    "calendar": is_text,
    "item_version?": is_text,
    # The days as they stand on the paper in the applicant's hand.
    "promised_day?": _is_day,
    "legal_day?": _is_day,
}

BY_ACT: Mapping[str, Mapping[str, Check]] = {
    "receive": {
        "case_no": _is_case_number,
        "item": is_text,
        "item_version": is_text,
        "papers": is_papers,
        "field_rules?": _is_field_rules,
        # The form asks for the urgent route of the item.
        "urgent?": _is_flag,
        # The village that has no machine, for which a hub took the case in.
        "for_unit?": _is_unit,
    },
    "precheck": {"result": _one_of("fit", "lacks", "not_ours")},
    "notify_missing": {"missing": _is_names, "reason_code?": is_text},
    "supply": {"papers": is_papers, "complete": _is_flag},
    "accept": _ACCEPTANCE,
    "accept_tolerant": {**_ACCEPTANCE, "owed": _is_names, "supply_within": is_limit},
    "deem_accepted": _ACCEPTANCE,
    "not_accept": {"reason_code": is_text, "whose?": is_text},
    "send_up": {"to": _is_unit},
    "take": {},
    "return": {"to": _is_unit, "reason_code": is_text},
    "step_done": {"step": is_text},
    "co_sign": {"body": is_text, "opinion": _one_of(*OPINIONS)},
    "pause_open": {"kind": _one_of(*PAUSE_KINDS), "counts": _is_flag, "needed": is_limit},
    "pause_close": {},
    "extend": {"by": is_limit, "reason_code": is_text},
    # `parts` says of each part of a joint case how that part was decided.
    "decide": {"outcome": _one_of(*OUTCOMES), "parts?": _is_parts},
    "issue": {"document_no": is_text},
    "deliver": {"relation": is_text},
    "send_back": {"reason_code": is_text, "other?": _is_case_number},
    "withdraw": {},
    "terminate": {"reason_code": is_text},
    "void": {"reason_code": is_text},
    "archive": {"retention": _one_of(*RETENTION)},
    "rate": {"level": _one_of(*LEVELS), "channel": _one_of(*CHANNELS)},
    "amend": {"fields": _is_names},
    "attach": {"papers": is_papers},
    "note": {},
    "urge": {},
    "correct": {"of": _is_entry, "right": is_moment, "reason_code": is_text},
    "take_over": {"reason_code": is_text},
    "settle": {
        "kind": is_text,
        "of": _is_entries,
        "choice": _one_of(*CHOICES),
        "field?": is_text,
    },
    "retract": {"of": _is_entry},
}
"""What each act carries besides, in the order of the life of a case."""
