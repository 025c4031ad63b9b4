import base64
import random

import pytest

from sync.couchdb_http.cors import Cors
from sync.couchdb_http.sessions import SESSION_S, Login
from sync.stores.memory import MemoryStore
from tests.support.couch_http import Couch

LOGIN = Login("it", "长密码: yes")


@pytest.fixture
def guarded() -> Couch:
    return Couch(MemoryStore(random.Random(3).randbytes), login=LOGIN)


def basic(user: str, password: str) -> dict[str, str]:
    packed = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {packed}"}


def cookie_of(couch: Couch) -> dict[str, str]:
    answer = couch.post("/_session", {"name": LOGIN.user, "password": LOGIN.password})
    assert answer.status == 200
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


def test_the_password_stands_in_no_text_of_the_login() -> None:
    assert LOGIN.password not in repr(LOGIN)


@pytest.mark.parametrize("path", ["/", "/_up", "/_session"])
def test_the_welcome_is_open_to_all(guarded: Couch, path: str) -> None:
    assert guarded.get(path).status == 200


@pytest.mark.parametrize("path", ["/_all_dbs", "/cases", "/cases/x", "/_uuids"])
def test_everything_else_needs_a_login(guarded: Couch, path: str) -> None:
    answer = guarded.get(path)

    assert answer.status == 401
    assert answer.json["error"] == "unauthorized"


def test_basic_credentials_let_in(guarded: Couch) -> None:
    assert guarded.ask("PUT", "/cases", None, basic(LOGIN.user, LOGIN.password)).status == 201


@pytest.mark.parametrize(
    "headers",
    [
        basic("it", "wrong"),
        basic("other", LOGIN.password),
        basic("", ""),
        {"Authorization": "Basic ***"},
        {"Authorization": "Bearer x"},
    ],
)
def test_wrong_credentials_shut_out_even_from_the_welcome(
    guarded: Couch, headers: dict[str, str]
) -> None:
    answer = guarded.ask("GET", "/", None, headers)

    assert (answer.status, answer.json["reason"]) == (401, "Name or password is incorrect.")


def test_a_cookie_lets_in_and_says_who_one_is(guarded: Couch) -> None:
    cookie = cookie_of(guarded)

    session = guarded.get("/_session", **cookie).json

    assert session["userCtx"] == {"name": "it", "roles": ["_admin"]}
    assert session["info"]["authenticated"] == "cookie"
    assert guarded.get("/_all_dbs", **cookie).status == 200


def test_a_form_signs_in_as_well_as_json(guarded: Couch) -> None:
    form = b"name=it&password=%E9%95%BF%E5%AF%86%E7%A0%81%3A+yes"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = guarded.ask("POST", "/_session", form, kind)

    assert answer.json == {"ok": True, "name": "it", "roles": ["_admin"]}
    assert answer.headers["Set-Cookie"].startswith("AuthSession=")


def test_a_cookie_ends_when_it_is_not_used(guarded: Couch) -> None:
    cookie = cookie_of(guarded)
    guarded.clock.now_s += SESSION_S

    assert guarded.get("/_all_dbs", **cookie).status == 401


def test_a_cookie_in_use_is_renewed(guarded: Couch) -> None:
    cookie = cookie_of(guarded)
    guarded.clock.now_s += SESSION_S / 2

    renewed = guarded.get("/_all_dbs", **cookie).headers["Set-Cookie"].partition(";")[0]
    guarded.clock.now_s += SESSION_S / 2 + 1

    assert guarded.get("/_all_dbs", **cookie).status == 401
    assert guarded.get("/_all_dbs", Cookie=renewed).status == 200


def test_a_changed_cookie_is_nobodys(guarded: Couch) -> None:
    value = cookie_of(guarded)["Cookie"].partition("=")[2]
    text = base64.urlsafe_b64decode(value + "==").decode()
    forged = base64.urlsafe_b64encode(text.replace("it", "me", 1).encode()).decode()

    for wrong in (forged, value[:-2], "x", ""):
        assert guarded.get("/_all_dbs", Cookie=f"AuthSession={wrong}").status == 401


def test_a_wrong_password_gives_no_cookie(guarded: Couch) -> None:
    answer = guarded.post("/_session", {"name": "it", "password": "wrong"})

    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers


def test_signing_out_takes_the_cookie_away(guarded: Couch) -> None:
    answer = guarded.delete("/_session")

    assert answer.json == {"ok": True}
    assert "AuthSession=;" in answer.headers["Set-Cookie"]


def test_a_sign_in_leads_to_no_other_host(guarded: Couch) -> None:
    login = {"name": LOGIN.user, "password": LOGIN.password}

    answer = guarded.post("/_session?next=//example.net/", login)

    assert "Location" not in answer.headers


def test_without_a_login_credentials_are_passed_over() -> None:
    couch = Couch(MemoryStore(random.Random(3).randbytes))

    assert couch.post("/_session", {"name": "it", "password": "x"}).status == 404
    assert couch.ask("GET", "/_all_dbs", None, basic("it", "x")).status == 200


def test_without_a_login_only_this_machine_is_answered_by_its_name() -> None:
    couch = Couch(MemoryStore(random.Random(3).randbytes), loopback=True)

    assert couch.get("/", Host="127.0.0.1:5984").status == 200
    assert couch.get("/", Host="[::1]:5984").status == 200
    assert couch.get("/", Host="rebound.example.net:5984").status == 403


def test_other_origins_are_shut_out_unless_they_are_named() -> None:
    store = MemoryStore(random.Random(3).randbytes)
    named = Couch(store, cors=Cors(("https://hall.example.net",)))
    page = {"Origin": "https://hall.example.net"}
    asking = {**page, "Access-Control-Request-Method": "PUT"}

    assert "Access-Control-Allow-Origin" not in Couch(store).get("/", **page).headers
    assert Couch(store).ask("OPTIONS", "/_all_dbs", None, asking).status == 405
    allowed = named.get("/", **page).headers["Access-Control-Allow-Origin"]
    assert allowed == "https://hall.example.net"
    assert named.ask("OPTIONS", "/_all_dbs", None, asking).status == 204
    assert "Access-Control-Allow-Origin" not in named.get("/", Origin="https://x.net").headers
