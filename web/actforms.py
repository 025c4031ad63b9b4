"""Small forms of acts: what of a posted form becomes facts, and what becomes sealed words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from casebook.views import CaseView
from cases.catalogue import Catalogue
from cases.conflicts import AMENDMENT
from cases.divisions import Tree
from cases.forms import check_form
from cases.grammar import CHOICES
from cases.text_rules import Flaw
from web.actfields import has_fields
from web.actinput import ActFormError, ActInput, Form, choice, read_fields, words
from web.decisions import read_decision

__all__ = ["ActFormError", "ActInput", "Terms", "read_act"]

NUMBER_MAX = 64
ENTRY_DIGITS = 64
RETURN_REASONS = ("deliver", "step", "incomplete", "wrong_data", "not_ours", "other")
RELATIONS = ("self", "family", "agent", "post")
PRECHECKS = ("fit", "lacks", "not_ours")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the fields of a form are checked against."""

    catalogue: Catalogue
    divisions: Tree
    today: date


def read_act(view: CaseView, act: str, form: Form, terms: Terms) -> ActInput:
    """The facts and words of an act as the clerk filled them in.

    Whether the act is lawful is not judged here.

    Raises:
        ActFormError: A part is missing, too long, or not among its choices.
    """
    if has_fields(act):
        return read_fields(view, act, form)
    reader = _READERS.get(act)
    if reader is None:
        raise ActFormError(Flaw("unknown_act"))
    return reader(view, form, terms)


def _nothing(_view: CaseView, _form: Form, _terms: Terms) -> ActInput:
    return ActInput()


def _precheck(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    return ActInput(
        {"result": choice(form, "result", PRECHECKS)}, {"opinion": words(form, "opinion")}
    )


def _send_up(view: CaseView, form: Form, _terms: Terms) -> ActInput:
    return ActInput(
        {"to": choice(form, "to", view.targets_up)}, {"opinion": words(form, "opinion")}
    )


def _return(view: CaseView, form: Form, _terms: Terms) -> ActInput:
    facts = {
        "to": choice(form, "to", view.targets_down),
        "reason_code": choice(form, "reason_code", RETURN_REASONS),
    }
    return ActInput(facts, {"reason": words(form, "reason", needed=True)})


def _step_done(view: CaseView, form: Form, _terms: Terms) -> ActInput:
    following = view.next_step.step if view.next_step else ""
    step = form.get("step", "").strip() or following
    return ActInput({"step": step}, {"opinion": words(form, "opinion")})


def _issue(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    number = " ".join(form.get("document_no", "").split())
    if not 0 < len(number) <= NUMBER_MAX or not number.isprintable():
        raise ActFormError(Flaw("document_no_form", {"max": str(NUMBER_MAX)}))
    return ActInput({"document_no": number})


def _deliver(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    relation = choice(form, "relation", RELATIONS)
    taken_by = words(form, "taken_by", needed=relation != "self")
    return ActInput({"relation": relation}, {"taken_by": taken_by})


def _note(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    return ActInput({}, {"text": words(form, "text", needed=True)})


def _withdraw(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    return ActInput({}, {"reason": words(form, "reason", needed=True)})


def _retract(_view: CaseView, form: Form, _terms: Terms) -> ActInput:
    return ActInput(
        {"of": _entry(form.get("of", ""))}, {"reason": words(form, "reason", needed=True)}
    )


def _settle(view: CaseView, form: Form, _terms: Terms) -> ActInput:
    """What was chosen at the conflict desk: `keep`, `reopen`, or `adopt` and an entry."""
    kind, field = form.get("kind", ""), form.get("field", "")
    chosen, _, entry = form.get("choice", "").partition(" ")
    of = [_entry(each) for each in form.get("of", "").split()]
    if kind == AMENDMENT:
        # The field goes by the entry that counts from now on.
        amended = view.state.amended.get(field)
        of = [_entry(entry or (amended.winner if amended else ""))]
        chosen = "adopt"
    if chosen not in CHOICES or not of:
        raise ActFormError(Flaw("not_an_option"))
    facts: dict[str, object] = {"kind": kind, "of": of, "choice": chosen}
    if field:
        facts["field"] = field
    return ActInput(facts, {"reason": words(form, "reason", needed=True)})


def _entry(text: str) -> str:
    if len(text) != ENTRY_DIGITS or text.strip("0123456789abcdef"):
        raise ActFormError(Flaw("not_an_option"))
    return text


def _amend(view: CaseView, form: Form, terms: Terms) -> ActInput:
    names = [one.name for one in view.item.fields]
    name = choice(form, "field", tuple(names))
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


_READERS: Mapping[str, Callable[[CaseView, Form, Terms], ActInput]] = {
    "precheck": _precheck,
    "accept": _nothing,
    "send_up": _send_up,
    "take": _nothing,
    "return": _return,
    "step_done": _step_done,
    "decide": lambda view, form, _terms: read_decision(view, form),
    "issue": _issue,
    "deliver": _deliver,
    "note": _note,
    "amend": _amend,
    "withdraw": _withdraw,
    "settle": _settle,
    "retract": _retract,
}
