"""Limits counted the slow way: one day after the other, with sets of days written out.

It shares no code with the product. Days are asked one by one; a pause is the set of its days.
"""

from collections.abc import Sequence
from datetime import date, timedelta

DAY = timedelta(days=1)


def works(day: date, holidays: Sequence[date], make_up: Sequence[date]) -> bool:
    if list(make_up).count(day):
        return True
    if list(holidays).count(day):
        return False
    return day.strftime("%a") not in ("Sat", "Sun")


def last_day(
    start: date,
    n: int,
    unit: str,
    days_off: tuple[Sequence[date], Sequence[date]],
    pauses: Sequence[tuple[date, date]],
) -> date:
    """The last day in time, found by crossing days off one by one."""
    standing: list[date] = []
    for opened, closed in pauses:
        day = opened
        while day < closed:
            day = day + DAY
            standing.append(day)
    wanted = n
    if unit == "h":
        wanted = 0
        while wanted * 24 < n:
            wanted += 1
    counted: list[date] = []
    day = start
    while len(counted) < wanted:
        day = day + DAY
        if day in standing:
            continue
        if unit == "wd" and not works(day, *days_off):
            continue
        counted.append(day)
    return counted[-1] if counted else start
