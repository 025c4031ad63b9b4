"""Serials are given once, to devices that the registry names, and no oftener than needed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.program import renewal_alone
from hub.renewal import PAUSE_S, SERIAL_KEY, Renewals
from security.errors import TrustError
from security.sshcert import check_user_certificate
from security.tunnel.targets import Caller, Target
from sync.stores.memory import MemoryStore
from tests.support.tree import (
    VILLAGE,
    StillClock,
    device_of,
    make_registry,
    memory_store,
    restored,
    revoke,
)
from web.renewal import PATH
from web.serving import CALLER

CA = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DEVICE = device_of(VILLAGE)


def renewals(store: MemoryStore, clock: StillClock) -> Renewals:
    return Renewals(make_registry(), store, CA, clock, lambda: 30)


def serial_of(line: str, clock: StillClock) -> int:
    public = CA.public_key().public_bytes_raw()
    return check_user_certificate(line, public, clock.now_ms() // 1_000, ()).serial


def later(clock: StillClock) -> None:
    clock.ms += int(PAUSE_S * 1_000) + 1


def test_a_certificate_holds_for_the_days_of_the_policy_and_the_key_of_the_registry() -> None:
    clock = StillClock()

    line = renewals(memory_store("hub"), clock).issue(DEVICE)

    public = CA.public_key().public_bytes_raw()
    read = check_user_certificate(line, public, clock.now_ms() // 1_000, ())
    assert (read.device, read.ssh) == (DEVICE, make_registry().device(DEVICE).ssh)
    assert read.valid_to == clock.now_ms() // 1_000 + 30 * 86_400


def test_no_serial_is_given_twice_also_by_a_store_that_was_set_back() -> None:
    clock, store = StillClock(), memory_store("hub")
    backup = restored(store)
    first = serial_of(renewals(store, clock).issue(DEVICE), clock)
    later(clock)
    second = serial_of(renewals(store, clock).issue(DEVICE), clock)
    later(clock)

    third = serial_of(renewals(backup(), clock).issue(DEVICE), clock)

    assert first < second < third


def test_serials_go_on_behind_those_that_were_given_when_the_network_was_made(
    tmp_path: Path,
) -> None:
    store = memory_store("hub")
    file = tmp_path / "ssh-serial"
    file.write_text(f"{10**15}\n", encoding="ascii")
    given = renewals(store, StillClock())

    given.begin_at(file)

    assert store.local(SERIAL_KEY) == str(10**15 - 1).encode()
    assert serial_of(given.issue(DEVICE), StillClock()) == 10**15


def test_a_revoked_device_gets_none_and_nobody_gets_two_at_once() -> None:
    registry, clock, store = make_registry(), StillClock(), memory_store("hub")
    given = Renewals(registry, store, CA, clock, lambda: 30)
    given.issue(DEVICE)

    with pytest.raises(TrustError, match="has just got"):
        given.issue(DEVICE)
    later(clock)
    revoke(registry, VILLAGE, 0)
    with pytest.raises(TrustError, match="revoked"):
        given.issue(DEVICE)
    assert given.answer(b"", DEVICE) == b""


@pytest.mark.parametrize(
    ("path", "is_lapsed", "status"),
    [
        (PATH, True, "200 OK"),
        ("/sync/v1/exchange", True, "403 Forbidden"),
        ("/log/v1/checkpoint", True, "403 Forbidden"),
        ("/", True, "403 Forbidden"),
        ("/sync/v1/exchange", False, "200 OK"),
    ],
)
def test_a_device_whose_certificate_does_not_count_reaches_the_renewal_alone(
    path: str, is_lapsed: bool, status: str
) -> None:
    def everything(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        start_response("200 OK", [])
        return []

    told: list[str] = []
    caller = Caller(DEVICE, Target.SYNC, is_lapsed)

    list(
        renewal_alone(everything)(
            {"PATH_INFO": path, CALLER: caller}, lambda given, _headers: told.append(given)
        )
    )

    assert told == [status]
