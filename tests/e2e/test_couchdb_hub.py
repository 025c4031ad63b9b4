"""A hub on a CouchDB cluster: the same day's work, kills included, and a move to a file."""

import json
import random
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tomli_w

from postroad.demo.evidence import read_holdings
from sync.errors import StoreError
from sync.protocol.cursors import decode_up, up_key
from sync.stores.sqlite import SqliteStore
from tests.e2e.shifts import Shift, at_work, kill_often
from tests.e2e.test_kills import assert_same
from tests.e2e.town import ARRIVE_S, READY_S, STREET, VILLAGE, Town, until
from tests.e2e.window import STREET_ITEM, do, people, send_now, state_of, take_in
from tests.support.couch_peers import HUB_PASSWORD, HUB_USER, pouchdb_cluster
from tests.support.faulty import SOUND, Fault, FaultyLink

KILLS = 2
PEOPLE = people(29)


def configure(town: Town, kind: str, *urls: str) -> Path:
    """Write the kind of store, and the cluster, into the settings of the street's hub."""
    folder = town.place(STREET).folder
    config = folder / "config.toml"
    tables = tomllib.loads(config.read_text(encoding="utf-8"))
    secret = folder / "couchdb-password"
    secret.write_text(HUB_PASSWORD + "\n", encoding="utf-8")
    secret.chmod(0o600)
    tables["node"]["store"] = kind
    tables["couchdb"] = {
        "urls": list(urls),
        "user": HUB_USER,
        "password_file": secret.name,
        "patience_s": 20,
    }
    config.write_text(tomli_w.dumps(tables), encoding="utf-8")
    return config


def postroad(*words: str) -> list[dict[str, object]]:
    """Run a command and give the lines that it said."""
    done = subprocess.run(
        [sys.executable, "-m", "postroad", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def offered(town: Town) -> int:
    """How many records children offered to the hub so far, by its log."""
    lines = (town.place(STREET).data / "hub.log").read_text(encoding="utf-8").splitlines()
    return sum(int(json.loads(line).get("offered", 0)) for line in lines)


def has_sent_all(town: Town) -> bool:
    """Whether the hub has acknowledged everything that the outpost holds."""
    try:
        store = SqliteStore.open_for_reading(town.place(VILLAGE).data / "store.sqlite")
    except StoreError:
        return False
    try:
        up = decode_up(store.local(up_key(STREET)))
        return up is not None and up.seq == store.last_seq
    finally:
        store.close()


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[FaultyLink]]:
    """Two ways to one server, each of which fails now and then."""
    dice = random.Random(32)

    def rule(_method: str, path: str) -> Fault:
        if "_session" in path or dice.random() > 0.05:
            return SOUND
        return dice.choice([Fault(refuse=503), Fault(cut_after=True), Fault(refuse=429)])

    with (
        pouchdb_cluster(tmp_path_factory.mktemp("couch")) as url,
        FaultyLink(url, rule) as one,
        FaultyLink(url, rule) as two,
    ):
        yield [one, two]


@pytest.mark.timeout(180)
def test_a_hub_on_a_cluster_takes_cases_sends_decisions_survives_kills_and_moves(
    lay_out: Callable[..., Town], links: list[FaultyLink]
) -> None:
    town = lay_out(STREET, VILLAGE)
    config = configure(town, "couchdb", *(link.url for link in links))
    town.start()
    window = town.clerk(VILLAGE, "w1")
    case = take_in(window, VILLAGE, STREET_ITEM, next(PEOPLE)).case
    do(window, case, "send_up")
    send_now(window)
    reviewer = town.clerk(STREET, "r1")
    until(lambda: state_of(reviewer, case) == "accepted", ARRIVE_S, "the street has the case")

    do(reviewer, case, "take")
    decider = town.clerk(STREET, "a1")
    do(decider, case, "decide", {"outcome": "granted", "opinion": "同意。"})
    until(lambda: state_of(window, case) == "decided", ARRIVE_S, "the decision is back")

    clerk = Shift(town.clerk(VILLAGE, "w2"), VILLAGE, 5)
    with at_work([clerk]) as crew:
        kill_often(town, STREET, crew, KILLS, random.Random(5))
    until(lambda: has_sent_all(town), READY_S, "the hub holds everything")
    town.programs.stop()
    assert town.programs[STREET].exit_codes == [-9] * KILLS + [0]
    assert not (town.place(STREET).data / "store.sqlite").exists()

    rebuilt = postroad("hub", "reindex", "--config", str(config))[-1]
    moved = postroad("hub", "migrate-store", "--config", str(config), "--to", "sqlite")[-1]
    assert rebuilt["last_seq"] == moved["last_seq"]
    assert (rebuilt["records"], rebuilt["refused"]) == (0, 0)
    holdings = read_holdings(town.area)
    assert case in holdings[STREET].sightings
    assert_same(holdings[VILLAGE], holdings[STREET])
    for receipt in crew.receipts:
        assert holdings[STREET].sightings[receipt.case].state.case_no == receipt.case_no
    assert (holdings[STREET].quarantined, holdings[STREET].refused) == (0, 0)

    configure(town, "sqlite", *(link.url for link in links))
    before = offered(town)
    town.start()
    late = take_in(town.clerk(VILLAGE, "w1"), VILLAGE, STREET_ITEM, next(PEOPLE)).case
    until(
        lambda: state_of(town.clerk(STREET, "r1"), late) != "", ARRIVE_S, "the file has it too"
    )
    town.programs.stop()
    assert offered(town) - before < before / 4, "a child's cursor goes on where it was"
