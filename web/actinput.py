"""What comes out of the form of an act: clear facts and sealed words, field by field."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from casebook.times import CHINA
from casebook.views import CaseView
from cases.errors import NumberError
from cases.grammar import LIMIT_MAX, TEXT_LENGTH_MAX
from cases.numbers import parse_case_number
from cases.text_rules import Flaw
from web.actfields import PAPER_STATES, ActField, awaited, fields_of

WORDS_MAX = 2_000
Form = Mapping[str, str]

_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})", re.ASCII)


class ActFormError(Exception):
    """A form of an act is not filled in as it must be; `flaw` says what, for the page."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.code)
        self.flaw = flaw


@dataclass(frozen=True, slots=True)
class ActInput:
    """What a clerk adds to an act: clear facts, and words that are sealed."""

    facts: Mapping[str, object] = field(default_factory=dict)
    body: Mapping[str, object] = field(repr=False, default_factory=dict)


def read_fields(view: CaseView, act: str, form: Form) -> ActInput:
    """The facts and words of an act whose form stands in the table of `actfields`.

    Raises:
        ActFormError: A field is missing or wrong.
    """
    facts: dict[str, object] = {}
    body: dict[str, object] = {}
    for one in fields_of(act, view):
        value = _READERS[one.kind](one, form)
        if one.kind == "words":
            body[one.name] = value
        elif one.kind != "agree" and value not in (None, ""):
            facts[one.name] = value
    if act == "supply":
        facts["complete"] = _is_complete(view, facts["papers"])
    if act == "pause_open":
        facts.setdefault("needed", None)
    return ActInput(facts, body)


def _is_complete(view: CaseView, papers: object) -> bool:
    assert isinstance(papers, list)
    brought = {paper["material"] for paper in papers}
    return all(code in brought for code in awaited(view))


def choice(form: Form, name: str, choices: tuple[str, ...]) -> str:
    """The chosen option of a field.

    Raises:
        ActFormError: Nothing was chosen, or something that is not offered.
    """
    value = form.get(name, "").strip()
    if value not in choices:
        raise ActFormError(Flaw("not_an_option" if value else "required"))
    return value


def words(form: Form, name: str, *, needed: bool = False) -> str:
    """What a person wrote, of at most WORDS_MAX characters.

    Raises:
        ActFormError: It is too long, holds control characters, or is missing.
    """
    value = form.get(name, "").replace("\r\n", "\n").strip()
    if len(value) > WORDS_MAX:
        raise ActFormError(Flaw("text_length", {"max": str(WORDS_MAX)}))
    if any(not (each.isprintable() or each == "\n") for each in value):
        raise ActFormError(Flaw("control_character", {"point": ""}))
    if needed and not value:
        raise ActFormError(Flaw("words_needed"))
    return value


def _read_choice(one: ActField, form: Form) -> object:
    return choice(form, one.name, one.options)


def _read_checks(one: ActField, form: Form) -> object:
    ticked = [code for code in one.options if form.get(f"{one.name}.{code}")]
    if not ticked:
        raise ActFormError(Flaw("required"))
    return ticked


def _read_papers(one: ActField, form: Form) -> object:
    papers = []
    for code in one.options:
        state = form.get(f"p.{code}", "")
        if state:
            papers.append({"material": code, "state": choice(form, f"p.{code}", PAPER_STATES)})
    if not papers:
        raise ActFormError(Flaw("required"))
    return papers


def _read_words(one: ActField, form: Form) -> object:
    return words(form, one.name, needed=one.needed)


def _read_short(one: ActField, form: Form) -> object:
    text = " ".join(form.get(one.name, "").split())
    if len(text) > TEXT_LENGTH_MAX or not text.isprintable():
        raise ActFormError(Flaw("text_length", {"max": str(TEXT_LENGTH_MAX)}))
    if one.needed and not text:
        raise ActFormError(Flaw("required"))
    return text


def _read_limit(one: ActField, form: Form) -> object:
    text = form.get(one.name, "").strip()
    if not text:
        if one.needed:
            raise ActFormError(Flaw("required"))
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= LIMIT_MAX):
        raise ActFormError(Flaw("not_an_option"))
    return {"n": int(text[:6]), "unit": choice(form, f"{one.name}.unit", ("wd", "cd"))}


def _read_moment(one: ActField, form: Form) -> object:
    typed = _MOMENT.fullmatch(form.get(one.name, "").strip())
    try:
        day = datetime.fromisoformat(f"{typed[1]}T{typed[2]}:00") if typed else None
    except ValueError:
        day = None
    if day is None:
        raise ActFormError(Flaw("moment_form"))
    return day.replace(tzinfo=CHINA).isoformat(timespec="seconds")


def _read_number(one: ActField, form: Form) -> object:
    typed = form.get(one.name, "")
    if not typed.strip() and not one.needed:
        return None
    try:
        return parse_case_number(typed).text
    except NumberError:
        raise ActFormError(Flaw("case_number_form")) from None


def _read_agreement(one: ActField, form: Form) -> object:
    if not form.get(one.name):
        raise ActFormError(Flaw("agree_needed"))
    return True


_READERS: Mapping[str, Callable[[ActField, Form], object]] = {
    "choice": _read_choice,
    "checks": _read_checks,
    "papers": _read_papers,
    "words": _read_words,
    "short": _read_short,
    "limit": _read_limit,
    "moment": _read_moment,
    "number": _read_number,
    "agree": _read_agreement,
}
