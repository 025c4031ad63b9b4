"""Installations of a network on disk, opened without their programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from casebook.intake import Intake, Paper
from casebook.people import Clerk
from tests.support.made import Made, make
from web.opening import Installation, open_installation

CITY = "120100000000"
DISTRICT = "120103000000"
STREET = "120103001000"
VILLAGE = "120103001001"
FORM = {"name": "张秀英", "id_no": "120103195001010003", "reason": "家庭困难" * 40}


def make_hexi(folder: Path) -> Made:
    """A network of one city, one district, one street and its villages."""
    assert make(folder, "--unit", VILLAGE) == 0
    return Made(folder)


@contextmanager
def opened(made: Made, unit: str) -> Iterator[Installation]:
    """The installation of a unit, closed again afterwards."""
    installation = open_installation(made.settings(unit))
    try:
        yield installation
    finally:
        installation.close()


def receive(made: Made, unit: str, count: int = 1) -> None:
    """Take in some applications at the window of a unit."""
    with opened(made, unit) as installation:
        clerk = Clerk(f"{unit}-w1", "测试员", ("window",), unit)
        for _ in range(count):
            intake = Intake(FORM, (Paper("id_card", "seen"),))
            installation.casebook.receive("MZ-009", intake, clerk)


def config(made: Made, unit: str) -> str:
    """Where the settings of a unit lie."""
    return str(made.folder / "nodes" / unit / "config.toml")


def records(made: Made, unit: str) -> set[str]:
    """The ids of all records that a unit holds of cases."""
    with opened(made, unit) as installation:
        rows = installation.store.changes(0, limit=100_000, databases=("cases", "keys")).rows
        return {row.document.id for row in rows}
