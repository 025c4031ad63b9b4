"""The rules that apply to one clerk on one case: item, rights, and who already reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from casebook.audience import case_readers, path_tiers, stands_for
from casebook.people import Clerk, Station
from cases.catalogue import Catalogue, Defaults
from cases.catalogue_checks import least_time
from cases.clocks import ClockRules, printed_days
from cases.errors import UnlawfulActError
from cases.fold import CaseState
from cases.items import Item, Limit
from cases.judging import Actor, pauses_of
from cases.lifecycle import available
from cases.limits import Calendar
from cases.timing import is_due
from security.registry import Registry


@dataclass(frozen=True, slots=True)
class Ruling:
    """An item, an actor under it, and the units of the path that hold the case key."""

    item: Item
    actor: Actor
    duties: Mapping[str, tuple[str, ...]]
    readers: frozenset[str]
    calendar: Calendar
    defaults: Defaults

    @property
    def clock_rules(self) -> ClockRules:
        """What the clocks of this case run by."""
        return ClockRules(self.calendar, self.defaults, self.item)

    def offered(self, state: CaseState, today: date) -> tuple[str, ...]:
        """Return the acts that a page may offer on this day."""
        lawful = available(state, self.actor, self.item, self.duties)
        return tuple(act for act in lawful if is_due(state, act, self.clock_rules, today))

    def derived(
        self, act: str, facts: Mapping[str, object], state: CaseState, now: str
    ) -> dict[str, object]:
        """Return the facts that follow from the rules and not from the clerk.

        Args:
            act: the act that is being written.
            facts: what the clerk says.
            state: the case before it.
            now: the time of the act.
        """
        if act in ("accept", "accept_tolerant"):
            return self._acceptance(state, now, tolerant=act == "accept_tolerant")
        if act == "deem_accepted":
            return self._acceptance(state, state.acceptance_from, tolerant=False)
        if act == "extend":
            extend = self.item.extend
            return {"by": None if extend is None else limit_fact(extend)}
        if act == "pause_open":
            kind = facts.get("kind")
            allowed = [each for each in pauses_of(self.item) if each.kind == kind]
            return {"counts": any(each.counts for each in allowed)}
        return {}

    def _acceptance(self, state: CaseState, start: str, *, tolerant: bool) -> dict[str, object]:
        """Both limits and the calendar, so that a later catalogue changes no promise."""
        route = self.item.urgent_route if state.urgent else None
        promised = route.act_within if route else self.promised
        facts: dict[str, object] = {
            "promised": limit_fact(promised),
            "legal": None if self.item.legal is None else limit_fact(self.item.legal),
            "calendar": self.calendar.version,
            "item_version": self.item.version,
            **printed_days(start, promised, self.item.legal, self.calendar),
        }
        if tolerant and route:
            facts["supply_within"] = limit_fact(route.papers_within)
        elif tolerant:
            # Papers may not follow later than the promise ends, or the law where it is at once.
            bound = promised if promised.n else self.item.legal
            most = self.defaults.tolerance_wd
            n = most if bound is None else min(most, int(least_time(bound, "wd")))
            facts["supply_within"] = {"n": n, "unit": "wd"}
        return facts

    @property
    def promised(self) -> Limit:
        """What this unit promises: an immediate item takes longer where it cannot decide."""
        decides = any("decide" in self.item.rights_of(tier) for tier in self.actor.tiers)
        if self.item.handling == "immediate" and not decides:
            return self.defaults.immediate_elsewhere
        return self.item.promised


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes rulings: the published sets of this node."""

    station: Station
    catalogue: Catalogue
    registry: Registry
    calendar: Calendar

    def ruling(self, item: Item, path: tuple[str, ...], clerk: Clerk) -> Ruling:
        """Return the ruling for a clerk of this station on a case with this home path."""
        duties = self.duties(path)
        actor = Actor(
            unit=self.station.unit,
            tier=self.station.tier,
            tiers=duties.get(self.station.unit, ()),
            clerk=clerk.user,
            roles=clerk.roles,
        )
        return Ruling(
            item=item,
            actor=actor,
            duties=duties,
            readers=frozenset(case_readers(item, path, duties)),
            calendar=self.calendar,
            defaults=self.catalogue.defaults,
        )

    def duties(self, path: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Return which catalogue tiers each unit of a path stands for."""
        return stands_for(path_tiers(self.registry, path), self.catalogue.tiers)


def check_amount(ruling: Ruling, fields: Mapping[str, object]) -> None:
    """Refuse a decision on a sum that lies above what the actor's tiers may decide.

    Args:
        ruling: the item and who decides.
        fields: the form as amended; its `amount` is in yuan, absent for most items.

    Raises:
        UnlawfulActError: `amount_above`: the case has to go up.
    """
    if not ruling.item.decide_limits:
        return
    amount = _amount(fields.get("amount"))
    if not any(ruling.item.may_decide(tier, amount) for tier in ruling.actor.tiers):
        raise UnlawfulActError("amount_above", {"tier": ruling.actor.tier})


def sums_of(
    fields: Mapping[str, object], facts: Mapping[str, object], body: Mapping[str, object]
) -> dict[str, object]:
    """The form with the sum that a decision is about: the one granted, where one is.

    A refusal is about the sum that was asked for.
    """
    granted = body.get("amount") if facts.get("outcome") == "granted" else None
    return {**fields, **({} if granted in (None, "") else {"amount": granted})}


def _amount(value: object) -> Decimal | None:
    """Read a sum; one that makes no sense counts as unbounded, so that it goes up."""
    if value is None or value == "":
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return Decimal("Infinity")
    return amount if amount.is_finite() and amount >= 0 else Decimal("Infinity")


def limit_fact(limit: Limit) -> dict[str, object]:
    """A limit as facts hold it."""
    return {"n": limit.n, "unit": limit.unit}
