import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casebook.people import Clerk
from web.accounts import (
    Accounts,
    Login,
    format_accounts,
    load_accounts,
    parse_accounts,
    write_accounts,
)
from web.errors import AccountsError
from web.passwords import make_phc
from web.settings import PasswordCost

UNIT = "120103001001"
CHEAP = PasswordCost(memory_kib=64, passes=1)
COSTLY = PasswordCost(memory_kib=16 * 1024, passes=2)


def login(name: str, password: str, cost: PasswordCost = CHEAP, **options: bool) -> Login:
    clerk = Clerk(f"{UNIT}-{name}", "王建国", ("window",), UNIT)
    return Login(clerk, make_phc(password, cost, name.encode() * 8), **options)


@pytest.fixture
def accounts() -> Accounts:
    return Accounts(
        UNIT,
        [
            login("w1", "outpost-one", initial=True),
            login("w2", "outpost-two"),
            login("w3", "outpost-three", active=False),
        ],
    )


def test_a_clerk_signs_in_with_the_right_password(accounts: Accounts) -> None:
    clerk = accounts.verify(f"{UNIT}-w1", "outpost-one")

    assert clerk == Clerk(f"{UNIT}-w1", "王建国", ("window",), UNIT)


def test_the_unit_code_need_not_be_typed(accounts: Accounts) -> None:
    clerk = accounts.verify(" W2 ", "outpost-two")

    assert clerk is not None
    assert clerk.user == f"{UNIT}-w2"


def test_full_width_letters_of_an_input_method_are_the_same_password(
    accounts: Accounts,
) -> None:
    assert accounts.verify("w2", "outpost－two") is not None


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("w1", "outpost-two"),
        ("w1", ""),
        ("w1", "outpost-one" + " " * 200),
        ("w3", "outpost-three"),
        ("w4", "outpost-one"),
        ("", ""),
        ("120103001002-w1", "outpost-one"),
        ("w1", "\ud800"),
    ],
)
def test_nobody_else_signs_in(accounts: Accounts, user: str, password: str) -> None:
    assert accounts.verify(user, password) is None


def test_the_time_of_a_refusal_does_not_tell_whether_the_user_exists() -> None:
    accounts = Accounts(UNIT, [login("w1", "costly", COSTLY), login("w2", "cheap")])

    def quickest(user: str) -> float:
        times = []
        for _ in range(5):
            start = time.monotonic()
            accounts.verify(user, "wrong password")
            times.append(time.monotonic() - start)
        return min(times)

    known, cheap, unknown = quickest("w1"), quickest("w2"), quickest("w9")

    assert known / 3 < unknown < known * 3
    assert known / 3 < cheap < known * 3


def test_a_password_of_their_own_ends_the_first_sign_in(accounts: Accounts) -> None:
    changed = accounts.with_password("w1", make_phc("my own words", CHEAP, bytes(16)))

    found = changed.login("w1")
    assert found is not None
    assert not found.initial
    assert changed.verify("w1", "my own words") is not None
    assert changed.verify("w1", "outpost-one") is None


def test_a_change_leaves_the_others_and_the_order_alone(accounts: Accounts) -> None:
    changed = accounts.with_password("w2", make_phc("my own words", CHEAP, bytes(16)))

    assert changed.clerks() == accounts.clerks()
    assert changed.verify("w1", "outpost-one") is not None


def test_a_password_for_nobody_is_refused(accounts: Accounts) -> None:
    with pytest.raises(AccountsError, match="no user 'w9'"):
        accounts.with_password("w9", make_phc("my own words", CHEAP, bytes(16)))


def test_a_file_gives_back_what_was_written(accounts: Accounts, tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"

    write_accounts(path, accounts)

    loaded = load_accounts(path)
    assert loaded.unit == UNIT
    assert loaded.logins == accounts.logins
    assert path.stat().st_mode & 0o777 == 0o600


def test_writing_replaces_the_file_and_leaves_nothing_beside_it(
    accounts: Accounts, tmp_path: Path
) -> None:
    path = tmp_path / "accounts.json"
    write_accounts(path, accounts)

    write_accounts(path, Accounts(UNIT, accounts.logins[:1]))

    assert len(load_accounts(path).logins) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["accounts.json"]


def test_a_file_that_others_can_read_is_refused_with_the_remedy(
    accounts: Accounts, tmp_path: Path
) -> None:
    path = tmp_path / "accounts.json"
    write_accounts(path, accounts)
    path.chmod(0o640)

    with pytest.raises(AccountsError) as caught:
        load_accounts(path)

    assert caught.value.hint == f"Run: chmod 600 {path}"


def test_no_password_hash_stands_in_the_representation(accounts: Accounts) -> None:
    assert "$argon2id$" not in repr(accounts.logins)


def without_password(clerk: dict[str, Any]) -> None:
    del clerk["password"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda clerk: clerk.update(password="plain"), "clerk 1: password is not an Argon2id"),
        (
            lambda clerk: clerk.update(password=clerk["password"].replace("m=64", "m=4294967")),
            "clerk 1: password has a cost out of bounds",
        ),
        (
            lambda clerk: clerk.update(password=clerk["password"].replace("t=1", "t=999")),
            "clerk 1: password has a cost out of bounds",
        ),
        (without_password, "clerk 1: needs user"),
        (lambda clerk: clerk.update(extra=1), "clerk 1: needs user"),
        (lambda clerk: clerk.update(roles=["mayor"]), "clerk 1: roles are not among"),
        (lambda clerk: clerk.update(roles=[]), "clerk 1: roles are not among"),
        (lambda clerk: clerk.update(roles=[["window"]]), "clerk 1: roles are not among"),
        (lambda clerk: clerk.update(user="W1"), "clerk 1: user is not a name"),
        (lambda clerk: clerk.update(name=""), "clerk 1: name has not 1 to 40"),
        (lambda clerk: clerk.update(active="yes"), "clerk 1: active is not a bool"),
        (lambda clerk: clerk.update(user=f"{UNIT}-w2"), "two clerks have one user name"),
    ],
)
def test_a_clerk_that_is_not_well_formed_is_refused_by_number(
    accounts: Accounts, change: Callable[[dict[str, Any]], None], fault: str
) -> None:
    document = json.loads(format_accounts(accounts))
    change(document["clerks"][0])

    with pytest.raises(AccountsError) as caught:
        parse_accounts(json.dumps(document).encode())

    assert fault in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"format": 2}',
        b" " * (5 << 20),
        b'{"format": 1, "unit": 3, "clerks": []}',
        b'{"format": 1, "unit": "x", "a": []}',
    ],
    ids=range(9),
)
def test_bytes_that_are_no_file_of_clerks_are_refused(raw: bytes) -> None:
    with pytest.raises(AccountsError):
        parse_accounts(raw)
