"""The staff of a hub: a reviewer and an approver who work through their shelves."""

from __future__ import annotations

from postroad.demo.area import Place
from postroad.demo.browser import Page
from postroad.demo.ledger import Application, Ledger
from postroad.demo.pacing import Pace
from postroad.demo.seats import DOUBT_S, Seat

_UNDECIDED = ("received", "accepted", "handling")
_REVIEWING = ("accept", "step_done")


class Desk:
    """Two people of one hub, who touch only cases of the ledger.

    What a person at the keyboard entered is left for that person to carry on with.
    """

    def __init__(self, place: Place, ledger: Ledger, pace: Pace) -> None:
        self.place = place
        self._ledger = ledger
        self._reviewer = Seat(place, "r1", pace)
        self._approver = Seat(place, "a1", pace)
        self._pace = pace
        self._passed_on: set[str] = set()
        self._doubtful: dict[str, float] = {}

    def work(self) -> int:
        """Go through both shelves once, one act a case; return how many acts were done.

        Raises:
            DemoError: A page does not do what staff expect of it.
        """
        done = 0
        for application in self._on_shelf("to_take"):
            if self._do(self._reviewer, application, "take", {}):
                self._passed_on.discard(application.case)
                done += 1
        for application in self._on_shelf("in_hand"):
            if not self._is_on_its_way(application.case):
                done += self._move(application)
        return done

    def _on_shelf(self, shelf: str) -> list[Application]:
        found: dict[str, Application] = {}
        for address in self._reviewer.open(f"/shelf/{shelf}").content.addresses:
            case = address.removeprefix("/cases/")
            application = self._ledger.find(case)
            if application is not None:
                found[case] = application
        return list(found.values())

    def _move(self, application: Application) -> bool:
        page = self._reviewer.open(f"/cases/{application.case}")
        if self._is_to_be_corrected(application):
            return self._send_back(application, page)
        for act in _REVIEWING:
            if page.form(f"/acts/{act}") is not None:
                return self._do(
                    self._reviewer, application, act, {"opinion": "符合条件。"}, page
                )
        if page.mark("state") in _UNDECIDED:
            return self._decide(application) or self._send_up(application, page)
        if page.mark("state") == "decided" and page.form("/acts/issue") is not None:
            return self._do(self._reviewer, application, "issue", {}, page)
        if application.course == "brought_home":
            return self._bring_home(application, page)
        return False

    def _is_to_be_corrected(self, application: Application) -> bool:
        return (
            application.course == "sent_back"
            and self.place.tier == "street"
            and (self.place.unit, "return") not in application.acts
        )

    def _send_back(self, application: Application, page: Page) -> bool:
        typed = {"reason_code": "wrong_data", "reason": "联系电话有误，请核对后重报。"}
        return self._pass_on(application, "return", typed, page)

    def _bring_home(self, application: Application, page: Page) -> bool:
        return self._pass_on(
            application, "return", {"reason": "结果送回受理点，请通知申请人领取。"}, page
        )

    def _send_up(self, application: Application, page: Page) -> bool:
        return self._pass_on(application, "send_up", {}, page)

    def _pass_on(
        self, application: Application, act: str, typed: dict[str, str], page: Page
    ) -> bool:
        done = self._do(self._reviewer, application, act, typed, page)
        if done:
            self._passed_on.add(application.case)
        elif page.form(f"/acts/{act}") is not None:
            self._doubtful[application.case] = self._pace.seconds + DOUBT_S
        return done

    def _is_on_its_way(self, case: str) -> bool:
        return case in self._passed_on or self._pace.seconds < self._doubtful.get(case, 0.0)

    def _decide(self, application: Application) -> bool:
        granted = application.outcome == "granted"
        opinion = "同意。" if granted else "不符合本事项的受理条件，可依法申请复议。"
        typed = {"outcome": application.outcome, "opinion": opinion}
        page = self._approver.open(f"/cases/{application.case}")
        return self._do(self._approver, application, "decide", typed, page)

    def _do(
        self,
        seat: Seat,
        application: Application,
        act: str,
        typed: dict[str, str],
        page: Page | None = None,
    ) -> bool:
        """Do an act where the page offers it, with what of `typed` its form asks for."""
        page = page or seat.open(f"/cases/{application.case}")
        form = page.form(f"/acts/{act}")
        if form is None:
            return False
        wanted = {name: value for name, value in typed.items() if name in form.values}
        done = seat.finish(application.case, act, form, wanted)
        if done:
            self._ledger.done(application, self.place.unit, act)
        return done
