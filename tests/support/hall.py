"""A hub of the small network with its pages: real casebook, logins and sessions, no socket."""

import re
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from casebook.intake import Intake, Paper
from casebook.people import Clerk
from cases.divisions import Tree, load_divisions
from hub.pages import blueprint
from sync.status import SyncStatus
from tests.support.network import UNITS, Network, Place
from web.accounts import Accounts, Login
from web.app import create_app
from web.context import WebContext
from web.passwords import make_phc
from web.settings import Address, PasswordCost, Settings

PASSWORD = "post-and-road"
ROLES = {"w1": "window", "r1": "reviewer", "a1": "approver", "s1": "supervisor", "i1": "it"}
NAMES = {"w1": "赵敏", "r1": "钱伟", "a1": "孙丽", "s1": "李强", "i1": "周杰"}
CHEAP = PasswordCost(memory_kib=64, passes=1)

FORM = {"name": "张秀英", "id_no": "120103195001010003", "mobile": "13800000000"}
PAPERS = (Paper("id_card", "seen"), Paper("app_form", "original"))

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Hall:
    """The pages of one unit; `status` is what the link to above says, None at the top."""

    place: Place
    app: Flask
    poked: list[int]

    def sign_in(self, name: str, language: str = "zh") -> "Desk":
        client = self.app.test_client()
        client.set_cookie("postroad-language", language)
        desk = Desk(client)
        page = client.get("/login")
        answer = client.post(
            "/login",
            data={"user": name, "password": PASSWORD, "csrf": token(page)},
        )
        assert answer.status_code == 303, answer.text
        return desk


@dataclass
class Desk:
    """A signed-in clerk's browser, as far as forms go."""

    client: FlaskClient

    def see(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, address: str, /, **form: object) -> TestResponse:
        page = self.client.get("/")
        return self.client.post(address, data={**form, "csrf": token(page)})

    def act(self, case: bytes, act: str, /, **form: object) -> TestResponse:
        return self.send(f"/cases/{case.hex()}/acts/{act}", **form)

    def lines(self) -> list[str]:
        """The lines that the next page shows once, such as what was done."""
        return re.findall(r'<p class="line [a-z]+" role="status">([^<]+)</p>', self.see("/"))


def token(page: TestResponse) -> str:
    found = _CSRF.search(page.text)
    assert found, page.text
    return found[1]


def open_hall(
    network: Network, unit: str, folder: Path, status: SyncStatus | None = None
) -> Hall:
    place = network.places[unit]
    poked: list[int] = []
    context = WebContext(
        settings=_settings(unit, folder),
        casebook=place.casebook,
        accounts=_accounts(unit),
        divisions=divisions(),
        status=lambda: status,
        poke=lambda: poked.append(1),
        secret=b"a secret of thirty-two bytes long",
        now_ms=lambda: place.clock.ms,
        version="0.0.0",
    )
    app = create_app(context, [blueprint(context, place.store)])
    return Hall(place, app, poked)


def divisions() -> Tree:
    rows = [f"{unit.code},{unit.name},{unit.tier},{unit.parent or ''}" for unit in UNITS]
    return load_divisions("\n".join(["code,name,tier,parent", *rows]), "divisions.csv")


def received(network: Network, unit: str, item: str, form: dict[str, str] = FORM) -> bytes:
    place = network.places[unit]
    found = place.casebook.receive(item, Intake(form, PAPERS), place.clerk())
    network.carry()
    return found.case


def write(network: Network, unit: str, case: bytes, act: str, /, **facts: object) -> None:
    place = network.places[unit]
    clerk = place.clerk("a9" if act == "decide" else "w9")
    place.casebook.act(case, act, clerk, facts=facts, body={"opinion": "同意"})
    network.carry()


def _accounts(unit: str) -> Accounts:
    logins = []
    for name, role in ROLES.items():
        clerk = Clerk(f"{unit}-{name}", NAMES[name], (role,), unit)
        logins.append(Login(clerk, make_phc(PASSWORD, CHEAP, b"salt" * 4)))
    return Accounts(unit, logins)


def _settings(unit: str, folder: Path) -> Settings:
    return Settings(
        unit=unit,
        device=f"{unit}-01",
        root_key=bytes(32),
        data=folder,
        keys=folder / "keys",
        registry=folder / "registry.prl",
        accounts=folder / "accounts.json",
        catalogue=folder / "catalogue.yaml",
        calendar=folder / "calendar.toml",
        divisions=folder / "divisions.csv",
        pages=Address("127.0.0.1", 8600),
        upstream=None,
        gateway=None,
        password_cost=CHEAP,
    )
