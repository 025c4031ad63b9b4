"""New machines enrol by token at a real hub, and nobody else gets in that way."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from hub.enrolment import Enrolments, Terms
from node.enrolling import NewNode, Ports, ask_hub
from postroad.demo.processes import Programs
from security.errors import OpenError, TrustError
from security.keystore import NodeKeys
from security.registry import Registry, decode_log
from security.sshcert import public_line
from security.tokens import Token, format_token, login_certificate, parse_token, split_address
from security.tunnel.client import DeviceIdentity, TunnelClient
from security.tunnel.errors import HostKeyError, LoginRefusedError, TargetRefusedError
from security.tunnel.keys import Pin
from security.tunnel.targets import Target
from sync.errors import RefusedError, SyncError
from sync.transports.http import PATH, HttpTransport
from sync.wallclock import WallClock, random_bytes
from tests.e2e.town import ARRIVE_S, STREET, VILLAGES, Town, fit, until
from tests.e2e.window import VILLAGE_ITEM, light, people, send_now, state_of, take_in
from web.opening import open_installation
from web.renewal import PATH as RENEWAL_PATH

BROKEN, OTHER, THIRD = VILLAGES[:3]
EXPIRED = VILLAGES[4]
CLOCK = WallClock()

pytestmark = pytest.mark.timeout(240)
"""Each command is a process of its own; on a busy machine one takes some seconds."""


@pytest.fixture(scope="module")
def town(lay_out: Callable[..., Town]) -> Town:
    town = lay_out(STREET, BROKEN)
    (town.place(STREET).folder / "old-token").write_text(expired_token(town), encoding="ascii")
    town.start()
    return town


class _LastWeek(WallClock):
    def now_ms(self) -> int:
        return super().now_ms() - 7 * 24 * 3_600_000


def expired_token(town: Town) -> str:
    """A token that the hub gave a week ago for an hour."""
    installation = open_installation(town.place(STREET).settings())
    try:
        enrolments = Enrolments(installation, _LastWeek(), random_bytes)
        return format_token(enrolments.give(Terms(EXPIRED, hours=1)))
    finally:
        installation.close()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def run(*words: str) -> tuple[int, list[dict[str, str]]]:
    done = subprocess.run(
        [sys.executable, "-m", "postroad", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def hub(town: Town, *words: str) -> tuple[int, list[dict[str, str]]]:
    return run("hub", *words, "--config", str(town.place(STREET).folder / "config.toml"))


def token_of(town: Town, unit: str, *words: str) -> str:
    code, [told] = hub(town, "token", unit, *words)
    assert code == 0
    return told["token"]


def fresh(folder: Path) -> NewNode:
    return NewNode(folder, CLOCK, random_bytes)


def reach(token: Token, target: Target, path: str) -> bytes:
    """Log in with a token and ask for something."""
    identity = DeviceIdentity(token.device, token.ssh_key, login_certificate(token))
    addresses = [split_address(each) for each in token.addresses]
    with TunnelClient(addresses, identity, Pin(token.host_pin)).connect() as tunnel:
        transport = HttpTransport(lambda: tunnel.open(target), CLOCK, path=path)
        try:
            return transport.ask(b"x")
        finally:
            transport.close()


def test_a_broken_machine_is_replaced_and_its_cases_are_read_on_the_new_one(
    town: Town, tmp_path: Path, stack: ExitStack
) -> None:
    place, street = town.place(BROKEN), town.clerk(STREET, "s1")
    clerk = town.clerk(BROKEN, "w1")
    pair = next(people(3))
    old = take_in(clerk, BROKEN, VILLAGE_ITEM, pair)
    send_now(clerk)
    until(lambda: bool(state_of(street, old.case)), ARRIVE_S, "the case is at the street")
    town.programs[BROKEN].kill()
    town.programs[BROKEN].join(ARRIVE_S)
    place.folder.rename(tmp_path / "broken")

    text = token_of(town, BROKEN, "--replaces", f"{BROKEN}-01")
    code, [told] = run("node", "enrol", text, "--out", str(place.folder))
    fit(place)
    lines = (place.folder / "logins.txt").read_text(encoding="utf-8").splitlines()[1:]
    for user, password, *_ in (line.split("\t") for line in lines):
        town.passwords[user] = password
    command = replace(town.programs[BROKEN].command, device=f"{BROKEN}-02")
    program = stack.enter_context(Programs([command]))[BROKEN]
    program.start()
    until(program.is_ready, ARRIVE_S, "the new machine answers")
    clerk = town.clerk(BROKEN, "w1")
    until(lambda: light(clerk).state == "synchronised", ARRIVE_S, "the new one is in step")
    until(lambda: bool(state_of(clerk, old.case)), ARRIVE_S, "the old case is there")
    form = clerk.get(f"/cases/{old.case}").form("/full")
    assert form is not None
    revealed = clerk.submit(form, {})
    new = take_in(clerk, BROKEN, VILLAGE_ITEM, next(people(5)))

    assert (code, told["device"]) == (0, f"{BROKEN}-02")
    assert new.case_no != old.case_no
    assert pair[0].name in revealed.text
    _, devices = hub(town, "device", "list", BROKEN)
    assert [row["revoked_after"] is None for row in devices] == [False, True]
    with pytest.raises(LoginRefusedError):  # it has come with its own certificate
        ask_hub(parse_token(text), fresh(tmp_path / "again").begin(parse_token(text)), CLOCK)


def test_a_token_is_used_by_one_machine(town: Town, tmp_path: Path) -> None:
    token = parse_token(token_of(town, OTHER))
    first = fresh(tmp_path / "first")
    request = first.begin(token)

    answer = ask_hub(token, request, CLOCK)
    assert answer is not None
    again = ask_hub(token, request, CLOCK)
    assert again is not None
    with pytest.raises(TrustError):
        ask_hub(token, fresh(tmp_path / "second").begin(token), CLOCK)
    first.finish(again, Ports())

    keys = NodeKeys.load(tmp_path / "first" / "keys")
    registry = Registry(town.place(STREET).settings().root_key)
    registry.apply_all(decode_log((tmp_path / "first" / "registry.prl").read_bytes()))
    assert registry.device(token.device).ssh == public_line(keys.ssh.public_key())
    assert not (tmp_path / "first" / "enrolment-token").exists()


def test_a_person_approves_by_the_fingerprint(town: Town, tmp_path: Path) -> None:
    token = parse_token(token_of(town, THIRD, "--approve"))
    node = fresh(tmp_path / "node")
    request = node.begin(token)

    assert ask_hub(token, request, CLOCK) is None
    _, [waiting] = hub(town, "queue")
    wrong, _ = hub(town, "approve", f"{token.device}/0000-0000-0000-0000")
    right, _ = hub(town, "approve", waiting["request"])
    answer = ask_hub(token, request, CLOCK)

    assert (wrong, right) == (13, 0)
    assert answer is not None


def test_enrolment_goes_by_files_where_no_link_is(town: Town, tmp_path: Path) -> None:
    text, out = token_of(town, VILLAGES[3]), tmp_path / "node"
    ask, answer = tmp_path / "request", tmp_path / "answer"

    asked, _ = run("node", "enrol", text, "--out", str(out), "--request", str(ask))
    given, _ = hub(town, "enrol", str(ask), "--out", str(answer))
    done, [told] = run("node", "enrol", "--out", str(out), "--answer", str(answer))
    stranger = fresh(tmp_path / "stranger")
    stranger.begin(parse_token(text))

    assert (asked, given, done) == (0, 0, 0)
    assert told["device"] == f"{VILLAGES[3]}-02"
    with pytest.raises(OpenError):
        stranger.finish(answer.read_bytes(), Ports())


def test_a_token_opens_enrolment_and_nothing_else(town: Town) -> None:
    token = parse_token(token_of(town, VILLAGES[4]))

    for path in (PATH, RENEWAL_PATH, "/", "/control/v1/unit.list", "/log/checkpoint"):
        with pytest.raises((RefusedError, SyncError)):
            reach(token, Target.SYNC, path)
    with pytest.raises((TargetRefusedError, SyncError)):
        reach(token, Target.PAGES, "/")


def test_a_request_for_another_device_or_without_the_token_is_refused(
    town: Town, tmp_path: Path
) -> None:
    one = parse_token(token_of(town, VILLAGES[4]))
    other = parse_token(token_of(town, VILLAGES[4]))
    foreign = fresh(tmp_path / "a").begin(other)
    forged = fresh(tmp_path / "b").begin(replace(one, secret=bytes(16)))

    for request in (foreign, forged, b"", foreign[:-1], b"PRQ1" + bytes(4000)):
        with pytest.raises(TrustError):
            ask_hub(one, request, CLOCK)

    assert one.station != other.station


def test_an_expired_token_opens_nothing(town: Town, tmp_path: Path) -> None:
    text = (town.place(STREET).folder / "old-token").read_text(encoding="ascii")
    # Its certificate may say what it likes; the hub keeps the date.
    token = replace(parse_token(text), expires_s=CLOCK.now_ms() // 1_000 + 3600)

    with pytest.raises(LoginRefusedError):
        ask_hub(token, fresh(tmp_path / "node").begin(token), CLOCK)


def test_a_token_for_another_hub_stops_before_the_login(town: Town, tmp_path: Path) -> None:
    token = replace(parse_token(token_of(town, VILLAGES[4])), host_pin=bytes(16))

    with pytest.raises(HostKeyError):
        ask_hub(token, fresh(tmp_path / "node").begin(token), CLOCK)


def test_who_guesses_secrets_is_made_to_wait(town: Town, tmp_path: Path) -> None:
    token = parse_token(token_of(town, VILLAGES[4]))
    request = fresh(tmp_path / "node").begin(token)

    for number in range(10):
        guess = replace(token, secret=number.to_bytes(16))
        with pytest.raises(LoginRefusedError):
            ask_hub(guess, request, CLOCK)

    with pytest.raises(LoginRefusedError):  # even the right one, from this address
        ask_hub(token, request, CLOCK)
