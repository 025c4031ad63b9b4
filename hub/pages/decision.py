"""What a decision brings about, said before it is made, for it cannot be taken back."""

from dataclasses import dataclass, field, replace

from casebook.views import CaseView
from cases.lifecycle import next_step
from cases.states import DECIDED
from web.presenting import t, term, unit_name


@dataclass(frozen=True, slots=True)
class Preview:
    """A decision that waits for confirmation: what follows, and what should give pause."""

    outcome: str
    opinion: str = field(repr=False)
    effects: tuple[str, ...]
    cautions: tuple[str, ...]


def preview_of(view: CaseView, outcome: str, opinion: str) -> Preview:
    """The effects of deciding a case so, in the reader's language."""
    effects = [
        _state_line(view, outcome),
        _next_line(view, outcome),
        t("hub.decision.final"),
    ]
    if outcome == "refused":
        effects.append(t("hub.decision.remedies"))
    cautions = []
    if view.state.withdraw_requested:
        cautions.append(t("hub.decision.withdrawal"))
    if view.state.offer is not None:
        cautions.append(t("hub.decision.offered", unit=unit_name(view.state.offer.to)))
    return Preview(outcome, opinion, tuple(effects), tuple(cautions))


def _state_line(view: CaseView, outcome: str) -> str:
    state, word = term("state", DECIDED), term("outcome", outcome)
    if view.due:
        return t("hub.decision.state_due", state=state, outcome=word, due=view.due)
    return t("hub.decision.state", state=state, outcome=word)


def _next_line(view: CaseView, outcome: str) -> str:
    following = next_step(replace(view.state, state=DECIDED, outcome=outcome), view.item)
    if following is not None and following.act == "issue":
        tiers = t("list.comma").join(term("tier", tier) for tier in following.tiers)
        return t("hub.decision.next_issue", tiers=tiers)
    return t("hub.decision.next_deliver", unit=unit_name(view.state.home))
