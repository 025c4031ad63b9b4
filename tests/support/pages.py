"""A browser without a screen, for the pages of a place of the small network."""

import functools
import re
from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path

from flask import Blueprint
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from casebook.people import Clerk
from cases.divisions import Tree, load_divisions
from sync.status import SyncStatus
from tests.support.network import ROOT, Place
from web.accounts import Accounts, Login, write_accounts
from web.app import WebContext, create_app
from web.link_settings import Entry
from web.passwords import ARGON2_KIB_MIN, SALT_BYTES, make_phc
from web.settings import Address, PasswordCost, Settings, Upstream

PASSWORD = "k7mp2-w9xqr-3nbtz"
CHEAP = PasswordCost(memory_kib=ARGON2_KIB_MIN, passes=1)
ID_NUMBER = "120103195001010003"
SECRET = bytes(range(32))

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')
_HIDDEN = re.compile(r'name="draft" value="([0-9a-f]+)"')

Blueprints = Callable[[WebContext], Blueprint]


@functools.cache
def divisions() -> Tree:
    path = ROOT / "configs" / "divisions" / "tianjin-hexi.csv"
    return load_divisions(path.read_text(encoding="utf-8"), path.name)


def clerk_of(place: Place, name: str = "w1", *roles: str) -> Clerk:
    wanted = roles or ("window", "reviewer", "approver")
    return Clerk(f"{place.unit}-{name}", "王秀英", wanted, place.unit)


def settings_of(place: Place, folder: Path) -> Settings:
    return Settings(
        unit=place.unit,
        device=place.casebook.station.device,
        root_key=bytes(32),
        data=folder,
        keys=folder,
        registry=folder / "registry.prl",
        accounts=folder / "accounts.json",
        catalogue=folder / "catalogue.yaml",
        calendar=folder / "calendar.toml",
        divisions=folder / "divisions.csv",
        pages=Address("127.0.0.1", 20001),
        upstream=Upstream("120103001000", (Address("127.0.0.1", 21001),), 5),
        gateway=None,
        entry=Entry(),
        password_cost=CHEAP,
    )


class Site:
    """The pages of one place, with what a test may turn: clock, link, pokes."""

    def __init__(
        self,
        place: Place,
        folder: Path,
        pages: Blueprints,
        clerks: Sequence[Clerk] = (),
        *,
        initial: bool = False,
    ) -> None:
        self.place = place
        self.now_ms = place.clock.ms
        self.pokes = 0
        self.status: SyncStatus | None = SyncStatus("never", 0, None, "", 0, 0)
        phc = make_phc(PASSWORD, CHEAP, bytes(SALT_BYTES))
        logins = [Login(one, phc, initial=initial) for one in clerks or (clerk_of(place),)]
        settings = settings_of(place, folder)
        accounts = Accounts(place.unit, logins)
        write_accounts(settings.accounts, accounts)
        context = WebContext(
            settings=settings,
            casebook=place.casebook,
            accounts=accounts,
            divisions=divisions(),
            status=lambda: self.status,
            poke=self._poke,
            insist=self._poke,
            secret=SECRET,
            now_ms=lambda: self.now_ms,
            version="0.1.0",
        )
        self.app = create_app(context, [pages(context)])

    def browser(self, user: str = "w1", *, language: str = "zh") -> "Browser":
        """A browser in which this clerk has signed in."""
        browser = self.stranger(language=language)
        answer = browser.send("/login", {"user": user, "password": PASSWORD}, form="/login")
        assert answer.status_code == 303, answer.text
        return browser

    def stranger(self, *, language: str = "zh") -> "Browser":
        """A browser in which nobody has signed in."""
        client = self.app.test_client()
        client.set_cookie("postroad-language", language, domain="127.0.0.1")
        return Browser(client)

    def _poke(self) -> None:
        self.pokes += 1


class Browser:
    """Gets pages and sends forms as a person's browser does, token included."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        """A page, whatever its status."""
        return self.client.get(path, base_url="http://127.0.0.1:20001")

    def page(self, path: str) -> str:
        """The text of a page that must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:2000])
        return answer.text

    def token(self, path: str = "/") -> str:
        """The token of the forms of a page."""
        found = _CSRF.search(self.page(path))
        assert found, path
        return found[1]

    def send(
        self, path: str, values: dict[str, str] | None = None, *, form: str = "/"
    ) -> TestResponse:
        """Send a form, with the token found on the page `form`."""
        filled = {"csrf": self.token(form), **(values or {})}
        return self.client.post(path, data=filled, base_url="http://127.0.0.1:20001")

    def draft(self, item: str) -> str:
        """The one-time token of a fresh intake form."""
        found = _HIDDEN.search(self.page(f"/intake/{item}"))
        assert found
        return found[1]


def visible(html: str) -> str:
    """The words of a page without its tags, each run of space as one."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


PENSION: dict[str, str] = {
    "f.id_type": "id",
    "f.id_no": ID_NUMBER,
    "f.name": "张桂兰",
    "f.sex": "",
    "f.birth": "",
    "f.mobile": "13800138000",
    "f.hukou": "120103001001",
    "f.live_div": "120103001001",
    "f.address": "九江路12号3门201",
    "f.relation": "self",
    "f.agent_name": "",
    "f.agent_id": "",
    "f.bank_name": "天津农商银行",
    "f.bank_card": "6217000000000000004",
    "p.app_form": "made",
    "p.id_card": "seen",
    "p.household_book": "fetched",
    "p.photo": "copy",
    "p.bank_book": "copy",
    "reason": "",
}
"""A filled form of MZ-006, the old-age allowance, without faults but for the age: 76."""
