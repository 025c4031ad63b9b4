"""Synthetic citizens: every number has a right check digit, and none belongs to a person.

The citizen numbers have the sequence 000, which no office gives out; the names hold the word
`例` (example) and a year of the sixty-year cycle; the telephone numbers lie in one block of
demonstration numbers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from cases.identity import citizen_check

AREA = "120103"
SEQUENCE = "000"
CITIZENS_MAX = 1_200
"""As many as surnames times years of the cycle give names, without one twice."""

_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_YEARS = len(_STEMS) * len(_BRANCHES) // 2
_BORN_FIRST = date(1938, 1, 1)
_BORN_LAST = date(1964, 12, 31)
"""All are over sixty: some of the items played are for the elderly."""

_STREETS = ("示范路", "样例道", "演示里", "试用巷")
_CARD_PREFIX = "6200000000"


@dataclass(frozen=True, slots=True)
class Citizen:
    """A person who does not exist, with everything that a form asks about one."""

    name: str = field(repr=False)
    id_no: str = field(repr=False)
    mobile: str = field(repr=False)
    address: str = field(repr=False)
    bank_card: str = field(repr=False)
    certificate: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text that may lie in clear only on a screen, or on this person's paper."""
        return (
            self.name,
            self.id_no,
            self.mobile,
            self.address,
            self.bank_card,
            self.certificate,
        )


def citizens(seed: int) -> Iterator[Citizen]:
    """`CITIZENS_MAX` citizens, all different, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - a demonstration replays from its seed
    span = (_BORN_LAST - _BORN_FIRST).days
    names = [f"{surname}例{year}" for surname in _SURNAMES for year in _cycle()]
    chance.shuffle(names)
    births = chance.sample(range(span), CITIZENS_MAX)
    for number, (name, after) in enumerate(zip(names, births, strict=True)):
        yield Citizen(
            name=name,
            id_no=citizen_number(_BORN_FIRST + timedelta(days=after)),
            mobile=f"1380000{number:04d}",
            address=f"{_STREETS[number % len(_STREETS)]}{number + 1}号{number % 6 + 1}门",
            bank_card=with_luhn(f"{_CARD_PREFIX}{number:08d}"),
            certificate=f"退字第{AREA}{number:06d}号",
        )


def citizen_number(born: date) -> str:
    """The citizen number of somebody born on a day who never lived (GB 11643)."""
    first = f"{AREA}{born:%Y%m%d}{SEQUENCE}"
    return first + citizen_check(first)


def with_luhn(digits: str) -> str:
    """Digits with the Luhn check digit behind them."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 - place % 2)
        total += doubled // 10 + doubled % 10
    return digits + str(-total % 10)


def _cycle() -> list[str]:
    return [
        _STEMS[year % len(_STEMS)] + _BRANCHES[year % len(_BRANCHES)] for year in range(_YEARS)
    ]
