"""What the network does when two did what does not fit together: the declared rules.

Nothing is ever dropped. A rule says which of two acts counts until a person says otherwise, and
whether that person has to be asked before the case goes on. `docs/conflicts.md` tells each rule
with an example.
"""

from collections.abc import Mapping

PAPER = "paper"
"""The act stands although custody had moved: a paper about it is in the applicant's hand."""
HOLDER_WINS = "holder"
"""The holder goes on as if it had not been; the act is kept and may be adopted."""
ASK = "ask"
"""It has no effect, and the case waits until a person has adopted it or let it go."""

LATE: Mapping[str, str] = {
    "precheck": HOLDER_WINS,
    "notify_missing": PAPER,
    "accept": PAPER,
    "accept_tolerant": PAPER,
    "deem_accepted": HOLDER_WINS,
    "not_accept": ASK,
    "send_up": HOLDER_WINS,
    "take": HOLDER_WINS,
    "return": HOLDER_WINS,
    "step_done": HOLDER_WINS,
    "pause_open": HOLDER_WINS,
    "pause_close": HOLDER_WINS,
    "extend": ASK,
    "decide": ASK,
    "issue": ASK,
    "deliver": ASK,
    "send_back": ASK,
    "terminate": ASK,
    "archive": HOLDER_WINS,
}
"""What becomes of an act done under an earlier custody by the unit that then held the case."""

SOFT = (
    *("old_epoch", "accepted_twice", "repeated_step", "nothing_owed", "retract_late"),
    *("old_item_version", "amendment", "settled_apart"),
)
"""Conflicts that a rule has settled: they are shown, may be reviewed, and block nothing."""

HARMLESS = ("unknown_act", "already_held", "retracted")
"""Reasons that are nobody's conflict: an act of a newer program, a second desk of one unit that
took what its neighbour had taken, and an act that its author took back."""

_MOVING_ON = ("decide", "issue", "deliver", "not_accept", "send_back", "terminate", "archive")

BLOCKS: Mapping[str, tuple[str, ...]] = {
    "late_act": _MOVING_ON,
    "withdrawal_decided": ("issue", "deliver", "archive"),
    "amendment": ("decide",),
    "fork": ("archive",),
    "second_receive": ("decide", "archive"),
    "foreign_number": ("decide", "archive"),
    "duplicate": ("decide",),
    "number_clash": ("archive",),
    "held_long": ("archive",),
}
"""Kind of a hard conflict to the acts that wait until a person has settled it."""


def blocked(act: str, kind: str, *, soft: bool) -> bool:
    """Tell whether an open conflict holds an act up."""
    return not soft and act in BLOCKS.get(kind, ())
