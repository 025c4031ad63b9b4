"""A clerk at work in a browser: signed in, and patient with a program that was restarted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from postroad.demo.area import PASSWORD, Place
from postroad.demo.browser import Browser, NoAnswerError, Page
from postroad.demo.errors import DemoError
from postroad.demo.forms import Form
from postroad.demo.pacing import Pace

PATIENCE_S = 60.0
"""How long a clerk tries to open a page while the program is being started again."""

DOUBT_S = 20.0
"""How long a hand-over is left alone whose answer broke off: it may stand, and be taken now."""

_RETRY_S = 0.5


class Seat:
    """One clerk of one installation. Not for two threads at once."""

    def __init__(self, place: Place, user: str, pace: Pace) -> None:
        self.place = place
        self._user = user
        self._pace = pace
        self._browser = Browser(place.pages)
        self._is_in = False

    def open(self, path: str) -> Page:
        """Open a page, signing in where that is asked for.

        Raises:
            DemoError: Nobody answers for a long time, or the page is refused.
            StoppedError: The demonstration is told to end.
        """
        page = self._insist(lambda: self._get(path))
        if not page.is_ok:
            raise DemoError("demo.page_refused", page=path, status=page.status)
        return page

    def send(self, form: Form, typed: Mapping[str, str], button: str = "") -> Page:
        """Fill in and send a form once; the page that follows may be a refusal.

        Raises:
            NoAnswerError: Whether it arrived is not known; look again.
        """
        return self._browser.submit(form, typed, button)

    def send_surely(self, form: Form, typed: Mapping[str, str], button: str = "") -> Page:
        """Send a form that may safely arrive twice, until an answer comes.

        Raises:
            DemoError: Nobody answers for a long time.
            StoppedError: The demonstration is told to end.
        """
        return self._insist(lambda: self.send(form, typed, button))

    def do(self, case: str, act: str, typed: Mapping[str, str]) -> bool:
        """Do an act on a case as its page offers it; False where the page does not.

        An answer that broke off counts as not offered: the caller looks at the case again.

        Raises:
            DemoError: The page refused what it had offered.
        """
        form = self.open(f"/cases/{case}").form(f"/acts/{act}")
        return form is not None and self.finish(case, act, form, typed)

    def finish(self, case: str, act: str, form: Form, typed: Mapping[str, str]) -> bool:
        """Send the form of an act; whether the page of the case came back.

        Raises:
            DemoError: As `do`.
        """
        try:
            page = self.send(form, typed)
            confirming = page.form(f"/acts/{act}")
            if page.is_ok and confirming and "confirmed" in confirming.values:
                page = self.send(confirming, {})
        except NoAnswerError:
            return False
        if not page.is_ok or page.path != f"/cases/{case}":
            raise DemoError("demo.act_refused", act=act, page=page.path, status=page.status)
        return True

    def _get(self, path: str) -> Page:
        if not self._is_in:
            self._browser.sign_in(self._user, PASSWORD)
            self._is_in = True
        page = self._browser.get(path)
        if page.path.startswith("/login"):
            # Left alone for too long, or a program that lost its sessions.
            self._browser.sign_in(self._user, PASSWORD)
            page = self._browser.get(path)
        return page

    def _insist(self, ask: Callable[[], Page]) -> Page:
        deadline = self._pace.seconds + PATIENCE_S
        while True:
            try:
                return ask()
            except NoAnswerError:
                if self._pace.seconds > deadline:
                    raise
            self._pace.rest(_RETRY_S)
