"""The form of a decision: the outcome, the sum, the parts of a joint case, unmet conditions."""

from dataclasses import dataclass

from casebook.views import CaseView
from cases.errors import ExpressionError
from cases.expressions import Expression, evaluate
from cases.grammar import OUTCOMES
from cases.items import Item
from cases.text_rules import TEXT_RULES, Flaw
from web.actinput import ActFormError, ActInput, Form, choice, words
from web.conditions import finding_text
from web.context import context
from web.presenting import item_name, t, term, today

__all__ = ["DecisionForm", "asks_amount", "part_name", "parts_of", "read_decision"]

AMOUNT = "amount"
PART_PREFIX = "part."


def read_decision(view: CaseView, form: Form) -> ActInput:
    """The outcome in clear, opinion and granted sum sealed.

    Raises:
        ActFormError: A part is missing or wrong.
    """
    outcome = choice(form, "outcome", OUTCOMES)
    # A refusal must state its reasons (Administrative Licensing Law, article 38).
    body: dict[str, object] = {"opinion": words(form, "opinion", needed=outcome == "refused")}
    asked = str(view.fields.get(AMOUNT, ""))
    if asks_amount(view.item) and outcome == "granted" and (asked or form.get(AMOUNT)):
        body[AMOUNT] = _sum(form.get(AMOUNT, asked))
    facts: dict[str, object] = {"outcome": outcome}
    parts = parts_of(view.item)
    if parts:
        facts["parts"] = {part: choice(form, PART_PREFIX + part, OUTCOMES) for part in parts}
    return ActInput(facts, body)


def asks_amount(item: Item) -> bool:
    """Tell whether a decision on an item is about a sum of money."""
    return any(one.name == AMOUNT for one in item.fields)


def parts_of(item: Item) -> tuple[str, ...]:
    """The parts that are decided one by one, none where the case is decided as a whole."""
    joint = item.joint
    return joint.parts if joint and joint.consent == "independent" else ()


def part_name(code: str) -> str:
    """The name of a part: an item of this catalogue, or one of another list."""
    known = code in context().casebook.catalogue.items
    return item_name(code) if known else term("part", code)


def decision_lines(view: CaseView) -> list[str]:
    """What whoever decides should see first: conditions not met, and sums above the bound."""
    lines = [
        finding_text("check_not_met", {"check": one.source})
        for one in view.item.checks
        if one.field_names and not _holds(view, one)
    ]
    for tier, bound in view.item.decide_limits.items():
        if bound is not None:
            lines.append(t("decision.bound", tier=term("tier", tier), yuan=str(bound)))
    return lines


@dataclass(frozen=True, slots=True)
class DecisionForm:
    """What the form of a decision shows besides outcome and opinion."""

    view: CaseView

    @property
    def asks_amount(self) -> bool:
        """Whether a granted sum is asked for."""
        return asks_amount(self.view.item)

    @property
    def asked(self) -> str:
        """The sum that was applied for."""
        return str(self.view.fields.get(AMOUNT, ""))

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Field and name of each part that is decided by itself."""
        return [(PART_PREFIX + code, part_name(code)) for code in parts_of(self.view.item)]

    @property
    def lines(self) -> list[str]:
        """What whoever decides should see first."""
        return decision_lines(self.view)


def _holds(view: CaseView, condition: Expression) -> bool:
    figures = context().casebook.catalogue.jurisdiction
    if any(key not in figures for key in condition.local_keys):
        return True
    try:
        return bool(evaluate(condition, view.fields, today=today(), jurisdiction=figures))
    except ExpressionError:
        return False


def _sum(typed: str) -> str:
    if not typed.strip():
        raise ActFormError(Flaw("required"))
    verdict = TEXT_RULES["money"](typed)
    for flaw in verdict.flaws:
        raise ActFormError(flaw)
    return verdict.value
