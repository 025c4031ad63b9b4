"""What clerks do at the pages, as a test does it: an intake, an act, a look at a case."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from postroad.demo.browser import Browser, Page
from postroad.demo.citizens import Citizen, citizens
from postroad.demo.forms import Form

STREET_ITEM = "MZ-009"
"""The funeral subsidy: accepted at the outpost, decided at the street."""

VILLAGE_ITEM = "GA-002"
"""The registration of newcomers: decided at the outpost while the person waits."""

DISTRICT_ITEM = "RS-002"
"""The pension claim: accepted at the outpost, decided by the district."""

CITY_ITEM = "TY-001"
"""The veterans' card: looked over at the outpost, accepted at the street, decided on top."""

BANK = "示例银行河西支行"

_PAPER_STATES = ("seen", "made", "original", "copy")


@dataclass(frozen=True)
class Receipt:
    """What a citizen takes home: the case it is about, the number, and the text of the code."""

    case: str
    case_no: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Light:
    """The link to the unit above as the page of an outpost shows it."""

    state: str
    waiting: int
    error: str


def people(seed: int) -> Iterator[tuple[Citizen, Citizen]]:
    """Pairs of invented people, an applicant and a relative, each person once."""
    everybody = citizens(seed)
    return zip(everybody, everybody, strict=False)


def intake_form(clerk: Browser, item: str) -> Form:
    return form_on(clerk.get(f"/intake/{item}"), item)


def form_on(page: Page, item: str) -> Form:
    form = page.form(f"/intake/{item}")
    assert form is not None, f"{page.status} {page.path}"
    return form


def answers_of(form: Form, pair: tuple[Citizen, Citizen], unit: str) -> dict[str, str]:
    """What these two people say to the questions of an intake form, every paper shown."""
    known = known_of(pair, unit)
    typed = {}
    for name, value in form.values.items():
        if name.startswith("p.") and not value:
            choices = form.choices[name]
            typed[name] = next(state for state in _PAPER_STATES if state in choices)
        elif name.removeprefix("f.") in known:
            typed[name] = known[name.removeprefix("f.")]
    return typed


def take_in(
    clerk: Browser, unit: str, item: str, pair: tuple[Citizen, Citizen], button: str = "accept"
) -> Receipt:
    """Fill in a form, send it, and read the receipt that comes back."""
    form = intake_form(clerk, item)
    page = clerk.submit(form, answers_of(form, pair, unit), button)
    return receipt_on(page)


def receipt_on(page: Page) -> Receipt:
    text = page.mark("receipt")
    assert page.is_ok, f"{page.status} {page.path}"
    assert text, f"no receipt on {page.path}: {faults_on(page)}"
    return Receipt(page.path.split("/")[2], text.split("|")[1], text)


def faults_on(page: Page) -> list[str]:
    """The lines of a page that say what is wrong."""
    pieces = page.text.split('role="alert"')[1:]
    return [piece.partition(">")[2].partition("<")[0].strip() for piece in pieces]


def do(clerk: Browser, case: str, act: str, typed: Mapping[str, str] | None = None) -> Page:
    """Do an act that the page of a case offers, confirming where it asks."""
    form = clerk.get(f"/cases/{case}").form(f"/acts/{act}")
    assert form is not None, f"the page of {case} does not offer {act}"
    page = clerk.submit(form, typed or {})
    asked = page.form(f"/acts/{act}")
    if asked is not None and "confirmed" in asked.values:
        page = clerk.submit(asked, {})
    assert page.is_ok, f"{act}: {page.status} {faults_on(page)}"
    assert page.path == f"/cases/{case}"
    return page


def state_of(clerk: Browser, case: str) -> str:
    """The state of a case as its page shows it; nothing while it is not known there."""
    page = clerk.get(f"/cases/{case}")
    return page.mark("state") if page.is_ok else ""


def has_waiting_row(clerk: Browser, case: str) -> bool:
    """Tell whether the outbox lists a case as not sent yet."""
    return f"/cases/{case}" in clerk.get("/outbox").content.addresses


def send_now(clerk: Browser) -> None:
    """Press the button that asks for a session at once."""
    form = clerk.get("/outbox").form("/outbox/send")
    assert form is not None
    assert clerk.submit(form, {}).is_ok


def light(clerk: Browser) -> Light:
    """What the outbox of an outpost says of its link."""
    page = clerk.get("/outbox")
    assert page.is_ok, page.status
    marks = page.content.marks
    error = page.text.rpartition("<dt>")[2].partition("<dd>")[2].partition("</dd>")[0]
    # The body of every page carries the address of the light under the same name.
    return Light(marks["data-link"][-1], int(marks["data-waiting"][0]), error)


def known_of(pair: tuple[Citizen, Citizen], unit: str) -> dict[str, str]:
    """The answers of two people to the questions that forms ask, by field."""
    person, relative = pair
    return {
        "id_no": person.id_no,
        "name": person.name,
        "mobile": person.mobile,
        "hukou": unit,
        "live_div": unit,
        "address": person.address,
        "bank_name": BANK,
        "bank_card": person.bank_card,
        "deceased_name": relative.name,
        "deceased_id": relative.id_no,
        "death_date": "2024-03-05",
        "amount": "1200",
        "live_since": "2023-06-01",
        "service_no": person.certificate,
        "photo": "paper",
    }
