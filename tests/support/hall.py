"""A hub of the small network with its pages and a clerk of every role."""

import re
from dataclasses import dataclass
from pathlib import Path

from werkzeug.test import TestResponse

from casebook.intake import Intake, Paper
from casebook.people import Clerk
from hub.ledger import SessionLedger
from hub.pages import blueprint
from sync.status import SyncStatus
from tests.support.network import Network, Place
from tests.support.pages import Browser, Site

CLERKS = {
    "w1": ("window", "赵敏"),
    "r1": ("reviewer", "钱伟"),
    "a1": ("approver", "孙丽"),
    "s1": ("supervisor", "李强"),
    "i1": ("it", "周杰"),
}
FORM = {"name": "张秀英", "id_no": "120103195001010003", "mobile": "13800000000"}
PAPERS = (Paper("id_card", "seen"), Paper("app_form", "original"))


@dataclass
class Hall:
    """The pages of one unit, at which clerks sit down."""

    site: Site

    @property
    def place(self) -> Place:
        return self.site.place

    def sign_in(self, name: str, language: str = "zh") -> "Desk":
        return Desk(self.site.browser(name, language=language))


@dataclass
class Desk:
    """A signed-in clerk of a hub."""

    browser: Browser

    def see(self, address: str) -> str:
        return self.browser.page(address)

    def send(self, address: str, /, **form: str | list[str]) -> TestResponse:
        """Send a form; a list stands for boxes of one name."""
        return self.browser.client.post(
            address,
            data={**form, "csrf": self.browser.token()},
            base_url="http://127.0.0.1:20001",
        )

    def act(self, case: bytes, act: str, /, **form: str) -> TestResponse:
        return self.send(f"/cases/{case.hex()}/acts/{act}", **form)

    def lines(self) -> list[str]:
        """The lines that the next page shows once, such as what was done."""
        return re.findall(r'<p class="line [a-z]+" role="status">([^<]+)</p>', self.see("/"))


def open_hall(
    network: Network,
    unit: str,
    folder: Path,
    status: SyncStatus | None = None,
    ledger: SessionLedger | None = None,
) -> Hall:
    """The pages of a hub; without a status it has no unit above."""
    place = network.places[unit]
    clerks = [
        Clerk(f"{unit}-{user}", name, (role,), unit) for user, (role, name) in CLERKS.items()
    ]
    site = Site(place, folder, lambda context: blueprint(context, place.store, ledger), clerks)
    site.status = status
    return Hall(site)


def received(network: Network, unit: str, item: str) -> bytes:
    """A case that a unit received, known to every place on its path."""
    place = network.places[unit]
    found = place.casebook.receive(item, Intake(FORM, PAPERS), place.clerk())
    network.carry()
    return found.case


def write(network: Network, unit: str, case: bytes, act: str, /, **facts: object) -> None:
    """An act by a clerk whom no page knows, carried to every place."""
    place = network.places[unit]
    clerk = place.clerk("a9" if act == "decide" else "w9")
    place.casebook.act(case, act, clerk, facts=facts, body={"opinion": "同意"})
    network.carry()
