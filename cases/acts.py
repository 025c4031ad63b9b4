"""What each act asks of whoever does it, and what it leaves on paper: one row an act.

Who holds custody and in which state the case must be stands in `states`; here stands what the
catalogue and the office add: tier rights, roles, reasons, prints, clocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """One row of the table.

    Of `rights` the acting tier needs one, none if empty; of `roles` the person needs one.
    `reason` says that words are asked for. `prints` are the papers that go out with it.
    `starts` and `ends` are clocks. `confirmed` acts are shown with their effect and asked for
    twice.
    """

    rights: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    reason: bool = False
    prints: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    confirmed: bool = False


_CASE = ("promised", "legal")

ACT_TABLE: Mapping[str, Act] = {
    "receive": Act(("accept", "precheck"), prints=("receipt",), starts=("acceptance",)),
    "precheck": Act(("precheck",)),
    "notify_missing": Act(
        ("accept", "precheck"),
        reason=True,
        prints=("one_time_notice",),
        ends=("acceptance",),
        starts=("supplement",),
        confirmed=True,
    ),
    # The window that took the papers takes what was missing, also where it may only precheck.
    "supply": Act(
        ("accept", "precheck", "review"), prints=("supplement_receipt",), ends=("supplement",)
    ),
    "accept": Act(
        ("accept",),
        prints=("acceptance_notice",),
        starts=_CASE,
        ends=("acceptance",),
        confirmed=True,
    ),
    "accept_tolerant": Act(
        ("accept",),
        reason=True,
        prints=("acceptance_notice", "commitment"),
        starts=(*_CASE, "supplement"),
        ends=("acceptance",),
        confirmed=True,
    ),
    "deem_accepted": Act(
        prints=("acceptance_notice",), starts=_CASE, ends=("acceptance",), confirmed=True
    ),
    "not_accept": Act(
        ("accept",),
        reason=True,
        prints=("refusal_to_accept",),
        ends=("acceptance",),
        confirmed=True,
    ),
    "send_up": Act(prints=("transfer_list",)),
    "take": Act(starts=("step",)),
    "return": Act(reason=True, prints=("return_note",)),
    "step_done": Act(starts=("step",)),
    "co_sign": Act(("review", "decide")),
    "pause_open": Act(
        ("review", "decide"),
        reason=True,
        prints=("special_procedure_notice",),
        starts=("pause",),
        confirmed=True,
    ),
    "pause_close": Act(("review", "decide"), ends=("pause",)),
    "extend": Act(
        ("decide",),
        roles=("approver",),
        reason=True,
        prints=("extension_notice",),
        confirmed=True,
    ),
    "decide": Act(
        ("decide",), prints=("decision",), starts=("delivery",), ends=_CASE, confirmed=True
    ),
    "issue": Act(("issue",), prints=("certificate",), starts=("delivery",)),
    "deliver": Act(
        ("deliver",), prints=("proof_of_delivery",), ends=("delivery",), confirmed=True
    ),
    "send_back": Act(
        ("accept",), reason=True, prints=("return_notice",), ends=_CASE, confirmed=True
    ),
    "withdraw": Act(reason=True, prints=("withdrawal_slip",), ends=_CASE, confirmed=True),
    "terminate": Act(reason=True, prints=("termination_notice",), ends=_CASE, confirmed=True),
    "void": Act(reason=True, ends=_CASE, confirmed=True),
    "archive": Act(prints=("box_label",), confirmed=True),
    "rate": Act(),
    "amend": Act(),
    "attach": Act(),
    "note": Act(),
    "urge": Act(),
    "correct": Act(roles=("supervisor",), reason=True, confirmed=True),
    "take_over": Act(roles=("supervisor",), reason=True, starts=("step",), confirmed=True),
    "settle": Act(roles=("reviewer", "approver", "supervisor"), reason=True),
    "retract": Act(reason=True),
}
"""Every act of `entries.ACTS`, in the same order."""
