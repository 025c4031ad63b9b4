"""A browser without a screen: cookies, pages, forms with their tokens, and one redirect."""

from __future__ import annotations

import http.client
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.cookies import SimpleCookie

from postroad.demo.errors import DemoError
from postroad.demo.forms import Content, Form, read_content

TIMEOUT_S = 20.0
PAGE_BYTES_MAX = 4 * 1024 * 1024
_FORM_TYPE = "application/x-www-form-urlencoded"
_REDIRECTS = (http.client.SEE_OTHER, http.client.FOUND)


class NoAnswerError(DemoError):
    """Nobody answered, or the answer broke off: whether a form arrived is not known."""

    def __init__(self, address: str, fault: Exception) -> None:
        super().__init__("demo.no_answer", address=address, fault=str(fault) or repr(fault))


@dataclass
class Page:
    """What came back: the status, the path it came from after redirects, and the text."""

    status: int
    path: str
    text: str

    @cached_property
    def content(self) -> Content:
        """Its forms, links and marks."""
        return read_content(self.text)

    @property
    def is_ok(self) -> bool:
        """Whether it is the page that was asked for."""
        return self.status == http.client.OK

    def form(self, ending: str) -> Form | None:
        """The posting form whose address ends so, or None where the page has none."""
        return next(
            (
                form
                for form in self.content.forms
                if form.method == "post"
                and urllib.parse.urlsplit(form.action).path.endswith(ending)
            ),
            None,
        )

    def mark(self, name: str) -> str:
        """The first value of an attribute `data-<name>`, or nothing."""
        return next(iter(self.content.marks.get(f"data-{name}", ())), "")


class Browser:
    """One person's browser at one installation. Not for two threads at once."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> Page:
        """Open a page, following redirects.

        Raises:
            NoAnswerError: Nobody answers.
        """
        return self._follow("GET", path, None)

    def post(self, path: str, fields: Mapping[str, str]) -> Page:
        """Send a form and open the page it leads to.

        Raises:
            NoAnswerError: Nobody answers, or the answer broke off.
        """
        return self._follow("POST", path, fields)

    def submit(self, form: Form, typed: Mapping[str, str], button: str = "") -> Page:
        """Fill in a form of a page, send it, and open the page it leads to.

        Raises:
            DemoError: The form lacks a field that was to be filled in.
            NoAnswerError: As `post`.
        """
        return self.post(form.action, form.filled(typed, button))

    def sign_in(self, user: str, password: str) -> None:
        """Sign in as a clerk.

        Raises:
            DemoError: The login is refused.
            NoAnswerError: As `get`.
        """
        form = self.get("/login").form("/login")
        if form is None:
            raise DemoError("demo.no_field", field="user", form="/login")
        page = self.submit(form, {"user": user, "password": password})
        if not page.is_ok or page.path.startswith("/login"):
            raise DemoError("demo.not_signed_in", user=user, status=page.status)

    def _follow(self, method: str, path: str, fields: Mapping[str, str] | None) -> Page:
        status, text, location = self._request(method, path, fields)
        if status in _REDIRECTS and location:
            parts = urllib.parse.urlsplit(location)
            path = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
            status, text, location = self._request("GET", path, None)
            if status in _REDIRECTS and location:
                path = urllib.parse.urlsplit(location).path
        return Page(status, path, text)

    def _request(
        self, method: str, path: str, fields: Mapping[str, str] | None
    ) -> tuple[int, str, str]:
        # A connection for each request: one that was kept may have been closed unseen, and a
        # form may not be sent twice by guesswork.
        connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT_S)
        headers = {"Connection": "close"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self._cookies.items())
        body = None
        if fields is not None:
            headers["Content-Type"] = _FORM_TYPE
            body = urllib.parse.urlencode(fields).encode("ascii")
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            raw = answer.read(PAGE_BYTES_MAX)
            if answer.length:
                # The program was killed in the middle of the page.
                raise http.client.IncompleteRead(raw, answer.length)
        except (OSError, http.client.HTTPException) as error:
            host, port = self._address
            raise NoAnswerError(f"http://{host}:{port}{path}", error) from error
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            self._keep(line)
        return answer.status, raw.decode("utf-8", "replace"), answer.headers.get("Location", "")

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel.value and morsel["max-age"] != "0":
                self._cookies[name] = morsel.coded_value
            else:
                self._cookies.pop(name, None)
