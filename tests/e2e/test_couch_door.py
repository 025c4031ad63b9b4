"""CouchDB spoken to a hub and an outpost as they run: through the tunnel, and by IT staff."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync.scope import CARRIED
from sync.stores.sqlite import SqliteStore
from tests.e2e.town import STREET, VILLAGES, Town
from tests.e2e.window import people, take_in
from tests.support.couch_peers import Pouch
from web.accounts import Accounts, load_accounts, write_accounts
from web.settings import load_settings

VILLAGE, OTHER = VILLAGES[:2]
ITEM = "MZ-009"
SEED = 7


@pytest.fixture(scope="module")
def town(lay_out: Callable[..., Town]) -> Town:
    """A street with two villages, each with a case that the street holds too."""
    made = lay_out(STREET, VILLAGE, OTHER)
    _give_role(made, VILLAGE, "w2")
    made.start()
    for seed, unit in enumerate((VILLAGE, OTHER), SEED):
        take_in(made.clerk(unit, "w1"), unit, ITEM, next(people(seed)))
    made.settle()
    return made


def _give_role(town: Town, unit: str, post: str) -> None:
    """Make a clerk of an outpost IT staff as well, as its administrator does."""
    path = load_settings(town.place(unit).folder / "config.toml").accounts
    accounts = load_accounts(path)
    logins = [
        replace(login, clerk=replace(login.clerk, roles=(*login.clerk.roles, "it")))
        if login.clerk.user == f"{unit}-{post}"
        else login
        for login in accounts.logins
    ]
    write_accounts(path, Accounts(unit, logins))


@pytest.fixture
def pouch(tmp_path: Path) -> Iterator[Pouch]:
    made = Pouch(tmp_path)
    yield made
    made.close()


def ask(
    address: tuple[str, int],
    path: str,
    login: str = "",
    *,
    method: str = "GET",
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    """One request, with `user:password` or nothing; gives status and JSON."""
    raw = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
    if login:
        sent["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    url = f"http://{address[0]}:{address[1]}{path}"
    request = urllib.request.Request(url, raw, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def login_of(town: Town, unit: str, post: str = "i1") -> str:
    user = f"{unit}-{post}"
    return f"{user}:{town.passwords[user]}"


def held_by(town: Town, unit: str) -> dict[str, set[str]]:
    """The ids of what the store of a unit holds, by database."""
    store = SqliteStore.open_for_reading(town.place(unit).folder / "data" / "store.sqlite")
    try:
        found: dict[str, set[str]] = {name: set() for name in CARRIED}
        for row in store.changes(0, limit=10_000, databases=CARRIED).rows:
            found[row.document.database].add(row.document.id)
        return found
    finally:
        store.close()


def door_of(town: Town, unit: str) -> tuple[str, int]:
    door = town.place(unit).door
    assert door is not None
    return door


def test_a_child_reads_its_scope_through_the_tunnel_and_nothing_else(town: Town) -> None:
    door = door_of(town, VILLAGE)
    own, others = held_by(town, VILLAGE), held_by(town, OTHER)

    assert set(ask(door, "/couchdb/_all_dbs")[1]) <= set(CARRIED)
    for name, ids in own.items():
        rows = ask(door, f"/couchdb/{name}/_changes?style=all_docs")[1]["results"]
        assert {row["id"] for row in rows} == ids
        foreign = min(others[name] - ids)
        assert ask(door, f"/couchdb/{name}/{foreign}")[0] == 404


def test_a_login_widens_nothing_for_a_child(town: Town) -> None:
    door = door_of(town, VILLAGE)
    foreign = min(held_by(town, OTHER)["cases"] - held_by(town, VILLAGE)["cases"])

    assert ask(door, f"/couchdb/cases/{foreign}", login_of(town, STREET))[0] == 404


def test_a_page_that_was_led_to_a_childs_door_gets_nothing(town: Town) -> None:
    answer = ask(door_of(town, VILLAGE), "/couchdb/cases", headers={"Host": "evil.example:80"})

    assert answer[0] == 403


def test_a_hub_shows_its_databases_to_its_it_staff_alone(town: Town) -> None:
    hub = town.place(STREET).pages

    assert ask(hub, "/couchdb/cases")[0] == 401
    assert ask(hub, "/couchdb/cases", login_of(town, STREET, "w1"))[0] == 401
    assert ask(hub, "/couchdb/cases", f"{STREET}-i1:wrong")[0] == 401
    assert ask(hub, "/couchdb/cases", login_of(town, STREET))[1]["doc_count"] == len(
        held_by(town, STREET)["cases"]
    )


def test_it_staff_sign_in_where_couchdbs_replicator_looks_for_it(town: Town) -> None:
    hub = town.place(STREET).pages
    user, _, password = login_of(town, STREET).partition(":")

    answer = ask(hub, "/_session", method="POST", body={"name": user, "password": password})

    assert (answer[0], answer[1]["name"]) == (200, user)
    assert ask(hub, "/_session", method="POST", body={"name": user, "password": ""})[0] == 401


@pytest.mark.parametrize(("unit", "post"), [(STREET, "i1"), (VILLAGE, "w2")])
def test_it_staff_change_nothing(town: Town, unit: str, post: str) -> None:
    address, login = town.place(unit).pages, login_of(town, unit, post)
    before = held_by(town, unit)
    victim = min(before["cases"])
    rev = ask(address, f"/couchdb/cases/{victim}", login)[1]["_rev"]

    path = f"/couchdb/cases/{victim}?rev={rev}"
    assert ask(address, path, login, method="DELETE")[0] == 403
    assert ask(address, "/couchdb/cases", login, method="DELETE")[0] == 403
    assert ask(address, "/couchdb/free", login, method="PUT")[0] == 403
    assert ask(address, "/couchdb/cases/x", login, method="PUT", body={})[0] == 403
    assert held_by(town, unit) == before


def test_standard_replication_copies_a_running_hub(town: Town, pouch: Pouch) -> None:
    host, port = town.place(STREET).pages
    held = held_by(town, STREET)

    for name, ids in held.items():
        source = f"http://{login_of(town, STREET)}@{host}:{port}/couchdb/{name}"
        copy = pouch.local(name)
        done = pouch.do("replicate", source=source, target=copy)
        assert (done["written"], done["errors"]) == (len(ids), 0)
        assert set(pouch.revisions(copy)) == ids
        # The checkpoint lies at the hub too.
        assert pouch.do("replicate", source=source, target=copy)["read"] == 0
