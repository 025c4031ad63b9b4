"""One case on its item's own way: from the counter through every step to the archive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from casebook.intake import Intake
from casebook.people import Clerk
from casebook.views import CaseView
from cases.errors import UnlawfulActError
from cases.items import Item
from cases.judging import pauses_of
from cases.progress import open_step, unanswered
from cases.states import REVIEW
from tests.support.network import Network, Place

DAY_MS = 86_400_000
TURNS_MAX = 60
ROLES = ("window", "reviewer", "approver", "supervisor")


@dataclass
class Walk:
    """A case of `item` received at `home`; what is done is done by the pages' own offers."""

    network: Network
    item: Item
    home: str
    case: bytes = b""
    case_no: str = ""
    acts: list[str] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)
    paused: list[str] = field(default_factory=list)
    at: str = ""
    answer: str = "agree"

    def receive(self, intake: Intake) -> None:
        place = self.network.places[self.home]
        received = place.casebook.receive(self.item.code, intake, self.clerk(place))
        self.case, self.case_no = received.case, received.case_no
        self.visited.add(self.home)
        self.at = self.home
        self.network.carry()

    def clerk(self, place: Place) -> Clerk:
        # Another person each time, so that who accepted is not who decides.
        return place.clerk(f"w{len(self.acts)}", *ROLES)

    def view(self, unit: str = "") -> CaseView:
        place = self.network.places[unit or self.holder]
        return place.casebook.view(self.case, self.clerk(place))

    @property
    def holder(self) -> str:
        return self.at

    def do(self, act: str, unit: object = "", **facts: object) -> None:
        """Do an act where the case is, or at another unit that has heard of all before."""
        self.write(act, {"opinion": "同意"}, unit, **facts)

    def write(
        self, act: str, words: Mapping[str, object], unit: object = "", **facts: object
    ) -> None:
        unit = str(unit or self.holder)
        if unit != self.holder:
            self.network.carry()
        place = self.network.places[unit]
        place.casebook.act(self.case, act, self.clerk(place), facts=facts, body=words)
        self.acts.append(act)
        self.visited.add(unit)
        if unit != self.holder:
            self.network.carry()
        if act == "take":
            self.at = unit

    def may(self, act: str, unit: str = "", **facts: object) -> bool:
        try:
            self.do(act, unit, **facts)
        except UnlawfulActError:
            return False
        return True

    def pass_days(self, days: int) -> None:
        for place in self.network.places.values():
            place.clock.ms += days * DAY_MS

    def due(self, name: str) -> date:
        return next(clock.due for clock in self.view().clocks if clock.name == name)

    def go_on(self, wanted: str, facts: Mapping[str, object] | None = None) -> None:
        """Let the case move until the next act is `wanted`, then do that."""
        for _ in range(TURNS_MAX):
            view = self.view()
            assert view.next_step is not None, (self.item.code, view.state.state, self.acts)
            if view.state.offer is not None:
                self.do("take", view.state.offer.to)
            elif view.next_step.act == wanted and wanted in view.acts:
                self.do(wanted, **(facts or {}))
                return
            elif view.next_step.act == wanted or view.next_step.act not in view.acts:
                self.hand_over(view)
            else:
                self.do(view.next_step.act, **self.usual(view))
        raise AssertionError((self.item.code, wanted, self.acts))

    def reach(self, act: str, **facts: object) -> None:
        """Take the case to the unit of the acceptance, and do an act there."""
        for _ in range(TURNS_MAX):
            view = self.view()
            if view.state.offer is not None:
                self.do("take", view.state.offer.to)
            elif "not_accept" in view.acts:
                self.do(act, **facts)
                return
            else:
                self.hand_over(view)
        raise AssertionError((self.item.code, act, self.acts))

    def hand_over(self, view: CaseView) -> None:
        following = view.next_step
        assert following is not None
        above, below = view.targets_up[:1], view.targets_down[:1]
        tiers = {unit: self.network.registry.unit(unit).tier for unit in (*above, *below)}
        fit = [unit for unit in tiers if tiers[unit] in following.tiers]
        if following.act == "deliver":
            fit = [*below]
        assert fit, (self.item.code, following, view.acts, self.acts)
        act = "send_up" if fit[0] in above else "return"
        extra = {} if act == "send_up" else {"reason_code": "step"}
        assert act in view.acts, (self.item.code, act, view.acts, self.acts)
        self.do(act, to=fit[0], **extra)

    def usual(self, view: CaseView) -> dict[str, object]:
        following = view.next_step
        assert following is not None
        if following.act == "step_done":
            return {"step": following.step}
        if following.act == "co_sign":
            return {"body": unanswered(view.state, self.item)[0], "opinion": self.answer}
        return dict(USUAL.get(following.act, {}))

    def walk_steps(self) -> None:
        """Every step up to the decision, each special procedure at its place on the way."""
        waiting = [each.kind for each in pauses_of(self.item)]
        extends = self.item.extend is not None
        for _ in range(TURNS_MAX):
            view = self.view()
            following = view.next_step
            assert following is not None, (self.item.code, view.state.state, self.acts)
            if view.state.offer is not None:
                self.do("take", view.state.offer.to)
                continue
            if view.state.state in REVIEW:
                waiting = [kind for kind in waiting if not self._pause(kind)]
                if extends and self.may("extend", reason_code="complex"):
                    extends = False
            view = self.view()
            following = view.next_step
            assert following is not None
            if following.act == "decide" and "decide" in view.acts:
                assert waiting == [], (self.item.code, "no pause of", waiting, self.acts)
                assert not extends, (self.item.code, "no extension")
                return
            if following.act in view.acts:
                self.do(following.act, **self.usual(view))
            else:
                self.hand_over(view)
        raise AssertionError((self.item.code, self.acts))

    def _pause(self, kind: str) -> bool:
        """Go through a special procedure if its place is here; tell whether it was."""
        view = self.view()
        allowed = next(each for each in pauses_of(self.item) if each.kind == kind)
        step = open_step(view.state, self.item)
        named = [each.name for each in self.item.steps]
        here = self.network.registry.unit(self.holder).tier
        if kind in named and (step is None or (step.name, step.tier) != (kind, here)):
            return False
        before = {clock.name: clock.due for clock in view.clocks}
        least = allowed.least
        needed = None if least is None else {"n": least.n, "unit": least.unit}
        if "pause_open" not in view.acts or not self.may(
            "pause_open", kind=kind, needed=needed
        ):
            return False
        if least is not None:
            assert not self.may("pause_close"), (self.item.code, kind, "closed at once")
        self.pass_days(2 * least.n if least and least.unit == "wd" else least.n if least else 7)
        if kind == "supplement":
            self.do("supply", self.home, papers=[SUPPLIED], complete=True)
        else:
            self.do("pause_close")
        after = {clock.name: clock.due for clock in self.view().clocks}
        moved = after["legal"] > before["legal"]
        assert moved is not allowed.counts, (self.item.code, kind, before, after)
        self.paused.append(kind)
        return True


SUPPLIED = {"material": "id_card", "state": "seen"}
USUAL: Mapping[str, Mapping[str, object]] = {
    "issue": {"document_no": "津〔2026〕01-0001号"},
    "deliver": {"relation": "self"},
}
