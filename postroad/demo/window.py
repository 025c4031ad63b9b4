"""The window of an outpost: take applications in, finish what is finished here, hand over."""

from __future__ import annotations

from collections.abc import Callable

from postroad.demo.area import Place
from postroad.demo.errors import DemoError
from postroad.demo.forms import Form
from postroad.demo.ledger import Application, Ledger
from postroad.demo.pacing import Pace
from postroad.demo.seats import DOUBT_S, Seat

_FIT = {"result": "fit"}
_PAPER_STATES = ("seen", "made", "original", "copy")


class Window:
    """A window clerk of one outpost."""

    def __init__(
        self, place: Place, user: str, ledger: Ledger, pace: Pace, is_down: Callable[[], bool]
    ) -> None:
        self.place = place
        self._ledger = ledger
        self._seat = Seat(place, user, pace)
        self._is_down = is_down
        self._pace = pace
        self._doubtful: dict[str, float] = {}

    def serve(self, application: Application) -> None:
        """Take one application in, and do everything that is done while the citizen waits.

        Raises:
            DemoError: A page does not do what a clerk expects of it.
        """
        self._ledger.open(application)
        self.take_in(application)
        kind = application.kind
        if kind.is_immediate:
            self._finish(application)
        else:
            self._carry_on(application)

    def take_in(self, application: Application) -> None:
        """Key the form in, and hand the receipt out.

        Raises:
            DemoError: The form was not accepted.
        """
        path = f"/intake/{application.item}"
        form = self._seat.open(path).form(path)
        if form is None:
            raise DemoError("demo.no_field", field=path, form=path)
        was_down = self._is_down()
        button = "accept" if application.kind.accepts else "receive"
        page = self._seat.send_surely(form, _filled_in(form, application), button)
        receipt = page.mark("receipt")
        if not page.is_ok or not receipt:
            raise DemoError("demo.not_received", item=application.item, status=page.status)
        case = page.path.split("/")[2]
        is_offline = was_down and self._is_down()
        self._ledger.received(application, case, receipt, is_offline=is_offline)
        if application.kind.accepts:
            self._ledger.done(application, self.place.unit, "accept")

    def collect(self) -> None:
        """Take what hubs sent back, correct it or hand the result over, and send it on.

        Raises:
            DemoError: As `serve`.
        """
        for application in self._ledger.at(self.place.unit):
            if application.is_delivered:
                continue
            if application.kind.is_immediate:
                # A crash of the program came between.
                self._finish(application)
            else:
                self._look_after(application)

    def send_now(self) -> None:
        """Press the button that asks for a session at once.

        Raises:
            DemoError: The page of the outbox has no such button.
        """
        form = self._seat.open("/outbox").form("/outbox/send")
        if form is None:
            raise DemoError("demo.no_field", field="send", form="/outbox")
        self._seat.send_surely(form, {})

    def _look_after(self, application: Application) -> None:
        page = self._seat.open(f"/cases/{application.case}")
        if page.form("/acts/take") is not None:
            self._do(application, "take", {})
            page = self._seat.open(f"/cases/{application.case}")
        is_in_hand = page.form("/acts/send_up") is not None
        if page.mark("state") in ("decided", "issued"):
            if application.course != "brought_home" or is_in_hand:
                self._do(application, "deliver", {"relation": "self"})
        elif is_in_hand:
            self._carry_on(application)

    def _carry_on(self, application: Application) -> None:
        """Do what is still to be done before the hub above can take the case."""
        unit, acts = self.place.unit, application.acts
        if (unit, "take") in acts and (unit, "amend") not in acts:
            self._amend(application)
        if not application.kind.accepts and (unit, "precheck") not in acts:
            self._do(application, "precheck", _FIT)
        # The offer stands until somebody takes it: it is made once for each time in hand.
        is_doubtful = self._pace.seconds < self._doubtful.get(application.case, 0.0)
        is_due = acts.count((unit, "send_up")) <= acts.count((unit, "take"))
        if is_due and not is_doubtful and not self._do(application, "send_up", {}):
            self._doubtful[application.case] = self._pace.seconds + DOUBT_S

    def _amend(self, application: Application) -> None:
        case = application.case
        page = self._seat.open(f"/cases/{case}?field=mobile")
        form = next((each for each in page.content.forms if "value" in each.values), None)
        if form is None:
            raise DemoError("demo.no_field", field="value", form=page.path)
        if self._seat.finish(case, "amend", form, {"value": application.relative.mobile}):
            self._ledger.done(application, self.place.unit, "amend")

    def _finish(self, application: Application) -> None:
        decision = {"outcome": application.outcome, "opinion": "材料齐全，当场办结。"}
        self._do(application, "decide", decision)
        self._do(application, "issue", {})
        self._do(application, "deliver", {"relation": "self"})

    def _do(self, application: Application, act: str, typed: dict[str, str]) -> bool:
        done = self._seat.do(application.case, act, typed)
        if done:
            self._ledger.done(application, self.place.unit, act)
        return done


def _filled_in(form: Form, application: Application) -> dict[str, str]:
    """What the clerk types: the person of the application in the fields that the form has."""
    typed = {}
    for name, value in form.values.items():
        if name.startswith("p.") and not value:
            choices = form.choices.get(name, [])
            typed[name] = next(state for state in _PAPER_STATES if state in choices)
        elif name.startswith("f."):
            answer = _answer(name.removeprefix("f."), application)
            if answer is not None:
                typed[name] = answer
    return typed


def _answer(name: str, application: Application) -> str | None:
    """What somebody who applies says to one question of a form; None leaves it as it stands."""
    person, relative = application.citizen, application.relative
    answers = {
        "id_no": person.id_no,
        "name": person.name,
        "mobile": person.mobile,
        "hukou": application.outpost,
        "live_div": application.outpost,
        "address": person.address,
        "bank_name": "示例银行河西支行",
        "bank_card": person.bank_card,
        "deceased_name": relative.name,
        "deceased_id": relative.id_no,
        "death_date": "2024-03-05",
        "amount": "1200",
        "child_order": "1",
        "spouse_name": relative.name,
        "spouse_id": relative.id_no,
        "live_since": "2023-06-01",
        "service_no": person.certificate,
        "photo": "paper",
    }
    return answers.get(name)
