"""What an act brings about, said before it is done: state, clocks, papers."""

from collections.abc import Iterator
from datetime import date

from casebook.views import CaseView
from cases.acts import ACT_TABLE
from cases.clocks import ACCEPTANCE, DELIVERY, LEGAL, PROMISED, SUPPLEMENT
from cases.errors import CalendarError
from cases.items import Limit
from cases.limits import due
from cases.states import RULES
from web.context import context
from web.presenting import limit_text, t, term, today

_FINAL = ("not_accept", "decide", "send_back", "terminate", "archive")


def preview_lines(act: str, view: CaseView) -> list[str]:
    """The effects of an act on a case as the page tells them; acts that only add have none."""
    row, rule = ACT_TABLE[act], RULES[act]
    lines = []
    if rule.target is not None and rule.target != view.state.state:
        lines.append(t("preview.state", state=term("state", rule.target)))
    if act == "void":
        lines.append(t("preview.asks"))
    lines.extend(_clock(name, view) for name in row.starts if _limit(name, act, view))
    running = {clock.name for clock in view.clocks if not clock.ended}
    lines.extend(
        t("preview.ends", clock=term("clock", name)) for name in row.ends if name in running
    )
    if act == "take_over":
        lines.append(t("preview.kept"))
    if row.prints:
        papers = t("list.comma").join(term("print", paper) for paper in row.prints)
        lines.append(t("preview.print", papers=papers))
    if act in _FINAL:
        lines.append(t("preview.final"))
    return lines


def _clock(name: str, view: CaseView) -> str:
    limit = _limit(name, "", view) or Limit(0, "wd")
    words = {"clock": term("clock", name), "limit": limit_text(limit)}
    day = next(_end(limit), None)
    if day is None:
        return t("preview.clock_open", **words)
    return t("preview.clock", day=day.isoformat(), **words)


def _end(limit: Limit) -> Iterator[date]:
    try:
        yield due(today(), limit.n, limit.unit, context().casebook.calendar).date
    except CalendarError:
        return


def _limit(name: str, act: str, view: CaseView) -> Limit | None:
    book = context().casebook
    defaults = book.catalogue.defaults
    if act == "accept_tolerant" and name == SUPPLEMENT:
        return Limit(defaults.tolerance_wd, "wd")
    return {
        ACCEPTANCE: Limit(defaults.acceptance_decision_wd, "wd"),
        SUPPLEMENT: Limit(defaults.supplement_hold_cd, "cd"),
        PROMISED: book.catalogue.promise(view.item, book.station.tier),
        LEGAL: view.item.legal,
        DELIVERY: Limit(defaults.delivery_wd, "wd"),
    }.get(name)
