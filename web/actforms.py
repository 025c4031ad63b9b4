"""Small forms of acts: what of a posted form becomes facts, and what becomes sealed words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from casebook.views import CaseView
from cases.catalogue import Catalogue
from cases.divisions import Tree
from cases.forms import check_form
from cases.text_rules import Flaw

WORDS_MAX = 2_000
NUMBER_MAX = 64
RETURN_REASONS = ("deliver", "step", "incomplete", "wrong_data", "not_ours", "other")
RELATIONS = ("self", "family", "agent", "post")
OUTCOMES = ("granted", "refused", "filed")
PRECHECKS = ("fit", "lacks", "not_ours")


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


@dataclass(frozen=True, slots=True)
class Terms:
    """What the fields of a form are checked against."""

    catalogue: Catalogue
    divisions: Tree
    today: date


Form = Mapping[str, str]


def read_act(view: CaseView, act: str, form: Form, terms: Terms) -> ActInput:
    """The facts and words of an act as the clerk filled them in.

    Whether the act is lawful is not judged here.

    Raises:
        ActFormError: A part is missing, too long, or not among its choices.
    """
    reader = _READERS.get(act)
    if reader is None:
        raise ActFormError(Flaw("unknown_act"))
    return reader(view, form, terms)


def _nothing(_view: CaseView, _form: Form, _terms: Terms) -> ActInput:
    return ActInput()


def _precheck(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    return ActInput(
        {"result": _choice(form, "result", PRECHECKS)}, {"opinion": _words(form, "opinion")}
    )


def _send_up(view: CaseView, form: Form, _terms: Terms) -> ActInput:
    return ActInput(
        {"to": _choice(form, "to", view.targets_up)}, {"opinion": _words(form, "opinion")}
    )


def _return(view: CaseView, form: Form, _terms: Terms) -> ActInput:
    facts = {
        "to": _choice(form, "to", view.targets_down),
        "reason_code": _choice(form, "reason_code", RETURN_REASONS),
    }
    return ActInput(facts, {"reason": _words(form, "reason", needed=True)})


def _step_done(view: CaseView, form: Form, _terms: Terms) -> ActInput:
    following = view.next_step.step if view.next_step else ""
    step = form.get("step", "").strip() or following
    return ActInput({"step": step}, {"opinion": _words(form, "opinion")})


def _decide(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    outcome = _choice(form, "outcome", OUTCOMES)
    # A refusal must state its reasons (Administrative Licensing Law, article 38).
    opinion = _words(form, "opinion", needed=outcome == "refused")
    return ActInput({"outcome": outcome}, {"opinion": opinion})


def _issue(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    number = " ".join(form.get("document_no", "").split())
    if not 0 < len(number) <= NUMBER_MAX or not number.isprintable():
        raise ActFormError(Flaw("document_no_form", {"max": str(NUMBER_MAX)}))
    return ActInput({"document_no": number})


def _deliver(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    relation = _choice(form, "relation", RELATIONS)
    taken_by = _words(form, "taken_by", needed=relation != "self")
    return ActInput({"relation": relation}, {"taken_by": taken_by})


def _note(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    return ActInput({}, {"text": _words(form, "text", needed=True)})


def _withdraw(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    return ActInput({}, {"reason": _words(form, "reason", needed=True)})


def _amend(view: CaseView, form: Form, terms: Terms) -> ActInput:
    names = [one.name for one in view.item.fields]
    name = _choice(form, "field", tuple(names))
    optional = any(one.optional for one in view.item.fields if one.name == name)
    value = form.get("value", "")
    result = check_form(
        view.item,
        terms.catalogue,
        {**view.fields, name: value},
        today=terms.today,
        divisions=terms.divisions,
    )
    for finding in result.errors:
        if finding.field == name:
            raise ActFormError(Flaw(finding.code, finding.params))
    cleaned = result.cleaned.get(name, "")
    if cleaned == "" and not optional:
        raise ActFormError(Flaw("required"))
    return ActInput({"fields": [name]}, {"values": {name: cleaned}})


def _choice(form: Form, name: str, choices: tuple[str, ...]) -> str:
    value = form.get(name, "").strip()
    if value not in choices:
        raise ActFormError(Flaw("not_an_option" if value else "required"))
    return value


def _words(form: Form, name: str, *, needed: bool = False) -> str:
    value = form.get(name, "").replace("\r\n", "\n").strip()
    if len(value) > WORDS_MAX:
        raise ActFormError(Flaw("text_length", {"max": str(WORDS_MAX)}))
    if any(not (each.isprintable() or each == "\n") for each in value):
        raise ActFormError(Flaw("control_character", {"point": ""}))
    if needed and not value:
        raise ActFormError(Flaw("words_needed"))
    return value


_READERS: Mapping[str, Callable[[CaseView, Form, Terms], ActInput]] = {
    "precheck": _precheck,
    "accept": _nothing,
    "send_up": _send_up,
    "take": _nothing,
    "return": _return,
    "step_done": _step_done,
    "decide": _decide,
    "issue": _issue,
    "deliver": _deliver,
    "note": _note,
    "amend": _amend,
    "withdraw": _withdraw,
}
