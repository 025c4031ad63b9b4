"""Who sits at the screen: the signed session cookie, its idle lock, and the sign-in guard.

The cookie holds the user name, a digest of the stored password, random tokens and the time of
the last request; it is signed, not sealed, so nothing else may ever be put into it. Its name
carries the device, because browsers do not tell cookies of two ports of one machine apart.
"""

import hashlib
import hmac
import threading
from collections import OrderedDict

from flask import Flask, g, session
from flask.sessions import SecureCookieSessionInterface

from casebook.people import Clerk
from web.context import context, shell
from web.roster import Roster
from web.signinlimits import SignInLimits

TOKEN_BYTES = 16
ENDED_MAX = 10_000
"""Ended sessions that are remembered; each is useless anyway after the idle time."""
CLOCK_BACK_MS_MAX = 60_000
PASSWORD_FIELD_MAX = 512


class SignInGuard:
    """Checks passwords one at a time, slows down guessing, and remembers ended sessions."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._limits = SignInLimits()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def sign_in(self, user: str, password: str, now_ms: int) -> "SignIn":
        """Check a password; a wait means that it was not even looked at."""
        name = self._name(user)
        with self._lock:
            wait_ms = self._limits.wait_ms(name, now_ms)
            if wait_ms:
                return SignIn(None, wait_ms, checked=False)
            clerk = self._roster.verify(user, password[:PASSWORD_FIELD_MAX])
            if clerk is None:
                self._limits.failed(name, now_ms)
                return SignIn(None, self._limits.wait_ms(name, now_ms))
            self._limits.succeeded(name)
        return SignIn(clerk, 0)

    def end(self, token: str) -> None:
        """Make a session cookie worthless, also a copy of it."""
        with self._lock:
            self._ended[token] = None
            if len(self._ended) > ENDED_MAX:
                self._ended.popitem(last=False)

    def is_ended(self, token: str) -> bool:
        """Tell whether this session was signed out."""
        with self._lock:
            return token in self._ended

    def _name(self, user: str) -> str:
        login = self._roster.login(user)
        return login.clerk.user if login else user.strip().lower()[:64]


class SignIn:
    """What came of a try: the clerk, or how long to wait before the next one.

    `checked` tells whether the password was looked at.
    """

    __slots__ = ("checked", "clerk", "wait_ms")

    def __init__(self, clerk: Clerk | None, wait_ms: int, *, checked: bool = True) -> None:
        self.checked = checked
        self.clerk = clerk
        self.wait_ms = wait_ms


class _Cookies(SecureCookieSessionInterface):
    digest_method = staticmethod(hashlib.sha256)


def configure(app: Flask, secret: bytes, device: str) -> None:
    """Set how the session cookie of this installation is named, signed and limited."""
    app.secret_key = secret
    app.session_interface = _Cookies()
    app.config.update(
        SESSION_COOKIE_NAME=f"postroad-{device}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
    )


def open_session() -> None:
    """Put the clerk of this request into `g.clerk`, None when nobody is signed in.

    `g.locked` is the user name of a session that was left alone for too long.
    """
    g.clerk, g.locked = None, ""
    user, token = session.get("user"), session.get("token")
    if not isinstance(user, str) or not isinstance(token, str):
        return
    clerk = shell().roster.active_clerk(user)
    is_current = session.get("stamp") == shell().roster.stamp(user)
    if clerk is None or not is_current or shell().guard.is_ended(token):
        session.clear()
        return
    if _is_idle():
        g.locked = user
        return
    g.clerk = clerk


def touch() -> None:
    """Count the idle time anew, because a person did something."""
    session["seen"] = context().now_ms()


def start_session(clerk: Clerk) -> None:
    """Begin the session of a clerk, with tokens that no earlier page knew."""
    session.clear()
    session["user"] = clerk.user
    session["stamp"] = shell().roster.stamp(clerk.user)
    session["token"] = context().random_bytes(TOKEN_BYTES).hex()
    session["csrf"] = context().random_bytes(TOKEN_BYTES).hex()
    touch()


def end_session() -> None:
    """Sign out: the cookie is emptied, and a copy of it is of no use."""
    token = session.get("token")
    if isinstance(token, str):
        shell().guard.end(token)
    session.clear()


def csrf_token() -> str:
    """The token that every form of this session carries."""
    token = session.get("csrf")
    if not isinstance(token, str):
        token = context().random_bytes(TOKEN_BYTES).hex()
        session["csrf"] = token
    return token


def is_right_csrf(token: str) -> bool:
    """Tell whether a form came from a page of this session."""
    known = session.get("csrf")
    if not isinstance(known, str):
        return False
    return hmac.compare_digest(known.encode(), token.encode("utf-8", "replace"))


def _is_idle() -> bool:
    seen = session.get("seen")
    if not isinstance(seen, int):
        return True
    idle_ms = context().now_ms() - seen
    return idle_ms > context().idle_ms or idle_ms < -CLOCK_BACK_MS_MAX
