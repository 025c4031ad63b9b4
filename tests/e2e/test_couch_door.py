"""CouchDB spoken to a hub and an outpost as they run: through the tunnel, and by IT staff."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from security.keystore import NodeKeys
from security.tunnel.client import DeviceIdentity, Tunnel, TunnelClient
from security.tunnel.targets import Target
from sync.scope import CARRIED
from sync.stores.sqlite import SqliteStore
from tests.e2e.town import STREET, VILLAGES, Town
from tests.e2e.window import people, take_in
from tests.support.couch_peers import Pouch
from web.accounts import Accounts, load_accounts, write_accounts
from web.opening import load_registry
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
) -> tuple[int, Any]:
    """One request, with `user:password` or nothing; gives status and JSON."""
    raw = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", "Accept": "application/json"}
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


@pytest.fixture(scope="module")
def tunnel(town: Town) -> Iterator[Tunnel]:
    """The tunnel of a village's device, held by the test while its program rests."""
    place = town.place(OTHER)
    town.programs[OTHER].kill()
    settings = load_settings(place.folder / "config.toml")
    keys = NodeKeys.load(settings.keys)
    assert keys.ssh_certificate is not None
    assert place.gateway is not None
    registry = load_registry(settings)
    hosts = [device.host for device in registry.devices(STREET) if device.host]
    identity = DeviceIdentity(settings.device, keys.ssh, keys.ssh_certificate)
    opened = TunnelClient([place.gateway], identity, hosts).connect()
    yield opened
    opened.close()


def ask_through(
    tunnel: Tunnel, target: Target, path: str, host: str = "127.0.0.1"
) -> tuple[int, Any]:
    """One request on a stream of its own."""
    stream = tunnel.open(target)
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n"
        stream.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = b""
        while piece := stream.recv(65_536):
            answer += piece
    finally:
        stream.close()
    head_bytes, _, body = answer.partition(b"\r\n\r\n")
    return int(head_bytes.split()[1]), json.loads(body)


def test_a_child_reads_its_scope_through_the_tunnel_and_nothing_else(
    town: Town, tunnel: Tunnel
) -> None:
    own, others = held_by(town, OTHER), held_by(town, VILLAGE)

    assert set(ask_through(tunnel, Target.SYNC, "/couchdb/_all_dbs")[1]) <= set(CARRIED)
    for name in ("cases", "keys"):
        path = f"/couchdb/{name}"
        rows = ask_through(tunnel, Target.SYNC, f"{path}/_changes")[1]["results"]
        assert {row["id"] for row in rows} == own[name]
        foreign = min(others[name] - own[name])
        assert ask_through(tunnel, Target.SYNC, f"{path}/{foreign}")[0] == 404


def test_a_stream_for_pages_speaks_for_no_device(tunnel: Tunnel) -> None:
    assert ask_through(tunnel, Target.PAGES, "/couchdb/cases")[0] == 401


def test_a_request_that_names_another_machine_gets_nothing(tunnel: Tunnel) -> None:
    answer = ask_through(tunnel, Target.SYNC, "/couchdb/cases", "evil.example:80")

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

    login = login_of(town, STREET)
    names = ask((host, port), "/couchdb/_all_dbs", login)[1]
    assert {name for name, ids in held.items() if ids} <= set(names)
    for name in set(names) & set(held):
        ids = held[name]
        source = f"http://{login}@{host}:{port}/couchdb/{name}"
        copy = pouch.local(name)
        done = pouch.do("replicate", source=source, target=copy)
        assert (done["written"], done["errors"]) == (len(ids), 0)
        assert set(pouch.revisions(copy)) == ids
        # The checkpoint lies at the hub too.
        assert pouch.do("replicate", source=source, target=copy)["read"] == 0
