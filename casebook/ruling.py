"""The rules that apply to one clerk on one case: item, rights, and who already reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from casebook.audience import case_readers, stands_for
from casebook.people import Clerk, Station
from cases.catalogue import Catalogue
from cases.errors import UnlawfulActError
from cases.items import Item, Limit
from cases.lifecycle import Actor
from security.registry import Registry


@dataclass(frozen=True, slots=True)
class Ruling:
    """An item, an actor under it, and the units of the path that hold the case key."""

    item: Item
    actor: Actor
    duties: Mapping[str, tuple[str, ...]]
    readers: frozenset[str]
    calendar_version: str
    immediate_elsewhere: Limit

    def derived(self, act: str, today: date) -> dict[str, object]:
        """Return the facts that follow from the rules and not from the clerk.

        An acceptance states both limits and the calendar they were read under, so that a later
        catalogue does not change what the applicant was promised.
        """
        if act != "accept":
            return {}
        promised = self.item.promised
        decides = any("decide" in self.item.rights_of(tier) for tier in self.actor.tiers)
        if self.item.handling == "immediate" and not decides:
            promised = self.immediate_elsewhere
        return {
            "promised": _limit(promised),
            "legal": None if self.item.legal is None else _limit(self.item.legal),
            "calendar": self.calendar_version,
            "from": today.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes rulings: the published sets of this node."""

    station: Station
    catalogue: Catalogue
    registry: Registry
    calendar_version: str

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
            calendar_version=self.calendar_version,
            immediate_elsewhere=self.catalogue.defaults.immediate_elsewhere,
        )

    def duties(self, path: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Return which catalogue tiers each unit of a path stands for."""
        tiers = [(code, self.registry.unit(code).tier) for code in path]
        return stands_for(tiers, self.catalogue.tiers)


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


def _amount(value: object) -> Decimal | None:
    """Read a sum; one that makes no sense counts as unbounded, so that it goes up."""
    if value is None or value == "":
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return Decimal("Infinity")
    return amount if amount.is_finite() and amount >= 0 else Decimal("Infinity")


def _limit(limit: Limit) -> dict[str, object]:
    return {"n": limit.n, "unit": limit.unit}
