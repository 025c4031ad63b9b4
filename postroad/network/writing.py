"""The folder of a new network: made beside its place, complete, then renamed."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from cases.divisions import Division, Tree
from postroad.errors import NetworkError
from postroad.network.clerks import InitialLogin, Naming, make_logins
from postroad.network.identities import Identities, Issuer, Making
from postroad.network.plan import NetworkPlan, UnitPlan
from security.registry import encode_log
from web.accounts import format_accounts
from web.settings import PasswordCost

FORMAT = 1
SUMMARY = "network.json"
LOGINS = "logins.txt"
INTERVAL_S = 5
PRIVATE = 0o600
PUBLISHED = 0o444
"""Published sets are replaced as a whole, never edited in place: nodes may share one file."""

_HEAD = "# Made by `postroad network make`; the folder configs explains every setting.\n\n"


@dataclass(frozen=True, slots=True)
class Published:
    """The sets that every node of the network starts with; `divisions` is the whole table."""

    catalogue: bytes
    calendar: bytes
    divisions: Tree


@dataclass(frozen=True, slots=True)
class Terms:
    """How nodes are made: where they listen, what clerks are called, what hashes cost."""

    host: str
    naming: Naming
    cost: PasswordCost


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A scratch folder beside `out` that becomes `out` if the block ends well, else vanishes.

    Raises:
        NetworkError: `out` exists and is not an empty folder.
        OSError: The place cannot be written.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise NetworkError("network.not_empty", folder=str(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    # The scratch folder is open to its owner alone, and so is the network that it becomes.
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield scratch
        if out.exists():
            out.rmdir()
        scratch.rename(out)
    finally:
        # After the rename there is nothing left of it.
        shutil.rmtree(scratch, ignore_errors=True)


class NetworkWriter:
    """Writes all files of a network into a folder that holds nothing yet."""

    def __init__(
        self, folder: Path, plan: NetworkPlan, published: Published, terms: Terms
    ) -> None:
        self._folder = folder
        self._plan = plan
        self._published = published
        self._terms = terms
        self._shared: dict[str, Path] = {}

    def write(self, making: Making, progress: Callable[[int, int], None]) -> Identities:
        """Make the network; `progress` is told how many steps of how many are done.

        There are two steps a unit: first all get their keys, then all get their files, since
        the registry of a hub holds the keys of everybody below.

        Raises:
            KeyFileError, OSError: A file cannot be written.
            FormatError: The name of a unit is too long for a statement.
        """
        steps = itertools.count(1)
        total = 2 * len(self._plan.units)

        def step_done() -> None:
            progress(next(steps), total)

        identities = Issuer(self._folder, making).issue(self._plan, step_done)
        handed_out: list[tuple[UnitPlan, list[InitialLogin]]] = []
        for unit in self._plan.units.values():
            handed_out.append((unit, self._write_node(unit, identities, making)))
            step_done()
        self._write_logins(handed_out)
        self._write_summary(identities)
        return identities

    def _write_node(
        self, unit: UnitPlan, identities: Identities, making: Making
    ) -> list[InitialLogin]:
        folder = self._folder / "nodes" / unit.code
        accounts, handed_out = make_logins(
            unit, self._terms.naming, self._terms.cost, making.random_bytes
        )
        (folder / "data").mkdir(0o700)
        _write(folder / "config.toml", self._config(unit, identities.root_key))
        _write(folder / "registry.prl", encode_log(identities.log(self._scope(unit))))
        _write(folder / "accounts.json", format_accounts(accounts))
        if unit.gateway_port is not None:
            # The next serial that the hub's SSH authority may give; renewals count on from it.
            serial = identities.serials[unit.code] + 1
            _write(folder / "ssh-serial", f"{serial}\n".encode())
        self._share(folder / "catalogue.yaml", "", lambda: self._published.catalogue)
        self._share(folder / "calendar.toml", "", lambda: self._published.calendar)
        area = self._area(unit)
        self._share(folder / "divisions.csv", area, lambda: self._divisions(unit, area))
        return handed_out

    def _config(self, unit: UnitPlan, root_key: bytes) -> bytes:
        host = self._terms.host
        tables: dict[str, dict[str, object]] = {
            "node": {
                "unit": unit.code,
                "device": unit.device,
                "root_key": root_key.hex(),
                "data": "data",
                "keys": "keys",
                "registry": "registry.prl",
                "accounts": "accounts.json",
                "catalogue": "catalogue.yaml",
                "calendar": "calendar.toml",
                "divisions": "divisions.csv",
            },
            "pages": {"host": host, "port": unit.pages_port},
        }
        if unit.division.parent is not None:
            above = self._plan.units[unit.division.parent]
            tables["upstream"] = {
                "unit": above.code,
                "addresses": [f"{host}:{above.gateway_port}"],
                "interval_s": INTERVAL_S,
            }
            if unit.door_port is not None:
                tables["upstream"]["door"] = f"127.0.0.1:{unit.door_port}"
        if unit.gateway_port is not None:
            tables["gateway"] = {"host": host, "port": unit.gateway_port}
        return (_HEAD + tomli_w.dumps(tables)).encode()

    def _scope(self, unit: UnitPlan) -> Sequence[str]:
        """The units whose statements a node needs: those above it and those below."""
        return (*unit.path[:-1], *self._plan.tree.subtree(unit.code))

    def _area(self, unit: UnitPlan) -> str:
        """The unit whose subtree of divisions a node needs, for addresses of applicants.

        A hub serves what is below it; an outpost serves people of its district, which stands
        two tiers above.
        """
        return unit.code if unit.program == "hub" else unit.path[max(0, len(unit.path) - 3)]

    def _divisions(self, unit: UnitPlan, area: str) -> bytes:
        whole = self._published.divisions
        codes = (*whole.path(area)[:-1], *whole.subtree(area))
        return divisions_table(whole.unit(code) for code in codes)

    def _share(self, path: Path, variant: str, content: Callable[[], bytes]) -> None:
        """Write a published set once, and give the other nodes a second name of the file."""
        key = f"{path.name}/{variant}"
        first = self._shared.get(key)
        if first is not None:
            with contextlib.suppress(OSError):
                path.hardlink_to(first)
                return
        # The first of its kind, or a file system without hard links, or no more names free.
        _write(path, content(), PUBLISHED)
        self._shared[key] = path

    def _write_logins(self, handed_out: Iterable[tuple[UnitPlan, list[InitialLogin]]]) -> None:
        rows = ["user\tpassword\trole\tname\tunit\tpages"]
        for unit, logins in handed_out:
            pages = f"http://{self._terms.host}:{unit.pages_port}/"
            for login in logins:
                clerk = login.clerk
                cells = (clerk.user, login.password, clerk.roles[0], clerk.name)
                rows.append("\t".join((*cells, unit.division.name, pages)))
        _write(self._folder / LOGINS, ("\n".join(rows) + "\n").encode())

    def _write_summary(self, identities: Identities) -> None:
        summary = {
            "format": FORMAT,
            "root": self._plan.tree.root,
            "root_key": identities.root_key.hex(),
            "tiers": list(self._plan.tree.tiers),
            "logins": LOGINS,
            "certificates_until_s": identities.valid_to_s,
            "units": [self._row(unit) for unit in self._plan.units.values()],
        }
        text = json.dumps(summary, ensure_ascii=False, indent=1) + "\n"
        _write(self._folder / SUMMARY, text.encode())

    def _row(self, unit: UnitPlan) -> dict[str, object]:
        host = self._terms.host
        gateway = unit.gateway_port
        return {
            "unit": unit.code,
            "name": unit.division.name,
            "tier": unit.division.tier,
            "parent": unit.division.parent,
            "program": unit.program,
            "device": unit.device,
            "config": f"nodes/{unit.code}/config.toml",
            "pages": f"http://{host}:{unit.pages_port}/",
            "gateway": None if gateway is None else f"{host}:{gateway}",
            "users": [post.user for post in unit.posts],
        }


def divisions_table(divisions: Iterable[Division]) -> bytes:
    """The CSV table of some divisions, as `load_divisions` reads it."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("code", "name", "tier", "parent"))
    rows.writerows((row.code, row.name, row.tier, row.parent or "") for row in divisions)
    return text.getvalue().encode()


def _write(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    # Not flushed to the disk one by one: an unfinished network has not got its name yet.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
