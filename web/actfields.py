"""The fields that the form of each act has: one table for the page and for its reader.

Acts that are not in the table have a form of their own (`actforms`) or none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from casebook.views import CaseView
from cases.grammar import CHANNELS, LEVELS, OPINIONS, RETENTION
from cases.judging import pauses_of, tolerable
from cases.progress import unanswered

PAPER_STATES = ("original", "copy", "seen", "made", "fetched")
REASONS: Mapping[str, tuple[str, ...]] = {
    "again": ("new_fact", "changed_rule", "our_mistake"),
    "extend": ("complex", "awaiting_others"),
    "not_accept": ("not_ours", "no_need", "incomplete", "other"),
    "send_back": ("duplicate", "wrong_data", "other"),
    "terminate": ("not_supplied", "unreachable"),
    "void": ("wrong_entry", "double_entry", "other"),
    "correct": ("clock_wrong", "typed_wrong"),
    "take_over": ("silent", "broken", "urgent", "other"),
}
"""The reasons that can be chosen, by act; `again` is that of a second notice."""


@dataclass(frozen=True, slots=True)
class ActField:
    """One field of the form of an act.

    `kind` says how it is shown and read: `choice` (one of `options`), `checks` (any of them),
    `papers` (how each of them was shown), `words` (sealed text), `short` (a clear text),
    `limit`, `moment`, `number` (of a case) or `agree` (a box that must be ticked). `texts` is
    the prefix under which options have their names; without it they are names of papers.
    """

    name: str
    kind: str
    texts: str = ""
    options: tuple[str, ...] = ()
    needed: bool = True
    label: str = ""

    @property
    def label_key(self) -> str:
        """The key of the text beside the field."""
        return f"act_field.{self.label or self.name}"


_CLOCKED = ("receive", "accept", "accept_tolerant", "pause_open", "pause_close", "decide")
Make = Callable[[CaseView], Sequence[ActField]]

_REASON = ActField("reason", "words")
_OPINION = ActField("opinion", "words", needed=False)


def fields_of(act: str, view: CaseView) -> tuple[ActField, ...]:
    """The fields of an act on this case, in the order of the form."""
    make = _FIELDS.get(act)
    return tuple(make(view)) if make else ()


def has_fields(act: str) -> bool:
    """Tell whether an act has its form in this table."""
    return act in _FIELDS


def _reasons(act: str) -> ActField:
    return ActField("reason_code", "choice", f"act_reason.{act}", REASONS[act])


def _all_papers(view: CaseView) -> tuple[str, ...]:
    return tuple(material.code for material in view.item.materials)


def awaited(view: CaseView) -> tuple[str, ...]:
    """The papers that a case waits for: of the notice, promised, or known to lack."""
    state = view.state
    waiting = dict.fromkeys((*state.missing, *state.owed))
    if not waiting:
        waiting = dict.fromkeys(
            code for code, shown in state.papers.items() if shown in ("lacking", "owed")
        )
    return tuple(waiting) or _all_papers(view)


def _notify_missing(view: CaseView) -> list[ActField]:
    fields = [ActField("missing", "checks", options=_all_papers(view)), _REASON]
    if view.state.notices:
        again = ActField(
            "reason_code", "choice", "act_reason.again", REASONS["again"], label="again_code"
        )
        fields.insert(1, again)
    return fields


def _supply(view: CaseView) -> list[ActField]:
    return [ActField("papers", "papers", "paper", awaited(view))]


def _attach(view: CaseView) -> list[ActField]:
    papers = ActField("papers", "papers", "paper", _all_papers(view))
    return [papers, ActField("text", "words", needed=False)]


def _accept_tolerant(view: CaseView) -> list[ActField]:
    owed = ActField("owed", "checks", options=tolerable(view.state, view.item))
    return [owed, ActField("honest", "agree"), _REASON]


def _not_accept(_view: CaseView) -> list[ActField]:
    return [_reasons("not_accept"), ActField("whose", "short", needed=False), _REASON]


def _co_sign(view: CaseView) -> list[ActField]:
    bodies = unanswered(view.state, view.item)
    opinion = ActField("opinion", "choice", "answer", OPINIONS, label="co_opinion")
    words = ActField("text", "words", needed=False)
    return [ActField("body", "choice", "body", bodies), opinion, words]


def _pause_open(view: CaseView) -> list[ActField]:
    kinds = tuple(each.kind for each in pauses_of(view.item))
    return [
        ActField("kind", "choice", "pause", kinds),
        ActField("needed", "limit", needed=False),
        _REASON,
    ]


def _send_back(_view: CaseView) -> list[ActField]:
    return [_reasons("send_back"), ActField("other", "number", needed=False), _REASON]


def _rate(_view: CaseView) -> list[ActField]:
    return [
        ActField("level", "choice", "level", LEVELS),
        ActField("channel", "choice", "channel", CHANNELS),
        ActField("text", "words", needed=False),
    ]


def _correct(view: CaseView) -> list[ActField]:
    doubtful = view.state.clock_doubt
    others = tuple(
        row.entry
        for row in view.state.timeline
        if row.effective and row.act in _CLOCKED and row.entry not in doubtful
    )
    entries = ActField("of", "choice", options=(*doubtful, *others))
    return [entries, ActField("right", "moment"), _reasons("correct"), _REASON]


_FIELDS: Mapping[str, Make] = {
    "notify_missing": _notify_missing,
    "supply": _supply,
    "accept_tolerant": _accept_tolerant,
    "deem_accepted": lambda _view: (),
    "not_accept": _not_accept,
    "co_sign": _co_sign,
    "pause_open": _pause_open,
    "pause_close": lambda _view: (_OPINION,),
    "extend": lambda _view: (_reasons("extend"), _REASON),
    "send_back": _send_back,
    "terminate": lambda _view: (_reasons("terminate"), _REASON),
    "void": lambda _view: (_reasons("void"), _REASON),
    "archive": lambda _view: (ActField("retention", "choice", "retention", RETENTION),),
    "rate": _rate,
    "attach": _attach,
    "urge": lambda _view: (ActField("text", "words"),),
    "correct": _correct,
    "take_over": lambda _view: (_reasons("take_over"), _REASON),
}
