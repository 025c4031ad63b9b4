"""Who is asking: Basic credentials or the cookie AuthSession, both as CouchDB has them."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Protocol
from urllib.parse import parse_qsl

from sync.couchdb_http import json_text
from sync.couchdb_http.errors import bad_content_type, bad_request, not_found, unauthorized
from sync.couchdb_http.replies import Reply, json_reply
from sync.couchdb_http.requests import Request
from sync.ports import Clock, RandomBytes

COOKIE = "AuthSession"
SESSION_S = 600
"""How long a cookie is good for; CouchDB's default."""

_RENEW_AFTER_S = 60
_LOGIN_BYTES_MAX = 64 << 10
_KEY_BYTES = 32


class Doorkeeper(Protocol):
    """Who may come in. Every method may be called from any thread."""

    @property
    def is_needed(self) -> bool:
        """Whether somebody has to sign in at all."""
        ...

    @property
    def roles(self) -> tuple[str, ...]:
        """What everybody is told to be who came in; `_admin` may do everything."""
        ...

    def fits(self, user: str, password: str) -> bool:
        """Whether these are the name and password of somebody who may come in."""
        ...

    def knows(self, user: str) -> bool:
        """Whether somebody who came in by this name may stay."""
        ...


@dataclass(frozen=True, slots=True)
class Login:
    """The one account of a served store; it may do everything.

    Attributes:
        user: Name; empty if everybody who reaches the server may do everything.
        password: Its password.
    """

    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_needed(self) -> bool:
        """Whether somebody has to sign in at all."""
        return bool(self.user)

    @property
    def roles(self) -> tuple[str, ...]:
        """The one account may do everything."""
        return ("_admin",)

    def knows(self, user: str) -> bool:
        """Whether this is the name of the account."""
        return user == self.user

    def fits(self, user: str, password: str) -> bool:
        """Whether these are the name and password, in time that tells nothing of either."""
        name_right = hmac.compare_digest(user.encode(), self.user.encode())
        password_right = hmac.compare_digest(password.encode(), self.password.encode())
        return self.is_needed and name_right and password_right


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sent a request.

    Attributes:
        user: Name; empty if nobody is signed in.
        is_admin: Whether the visitor may do everything; nobody may do anything else.
        by: How the visitor is known: "default" (Basic), "cookie" or "".
        cookie: A cookie to hand out with the answer, or "".
    """

    user: str = ""
    is_admin: bool = False
    by: str = ""
    cookie: str = ""


class Sessions:
    """Recognises visitors. The key of the cookies lives as long as the program."""

    def __init__(self, login: Doorkeeper, clock: Clock, random_bytes: RandomBytes) -> None:
        self._login = login
        self._clock = clock
        self._key = random_bytes(_KEY_BYTES)

    def visitor(self, headers: Mapping[str, str]) -> Visitor:
        """Who sent these headers (names in lower case).

        Raises:
            ReplyError: The credentials are wrong; a cookie that is no longer good is nobody's.
        """
        if not self._login.is_needed:
            return Visitor(is_admin=True)
        if authorization := headers.get("authorization", ""):
            user, password = _basic(authorization)
            if not self._login.fits(user, password):
                raise unauthorized("Name or password is incorrect.")
            return Visitor(user, is_admin=True, by="default")
        return self._by_cookie(headers.get("cookie", ""))

    def handle(self, request: Request, visitor: Visitor) -> Reply:
        """Answer a request for `/_session`: who am I, sign in, sign out.

        Raises:
            ReplyError: Name or password are wrong or not understood.
        """
        if request.method == "GET":
            return self._shown(visitor)
        if request.method == "DELETE":
            return json_reply({"ok": True}, headers={"Set-Cookie": _cookie("", 0)})
        if not self._login.is_needed:
            # To CouchDB's replicator this says: send the credentials along, if you must.
            raise not_found()
        user, password = _credentials(request)
        if not self._login.fits(user, password):
            raise unauthorized("Name or password is incorrect.")
        body = {"ok": True, "name": user, "roles": self._login.roles}
        cookie = {"Set-Cookie": self._made_cookie(user)}
        following = request.query.get("next", "")
        if following.startswith("/") and not following.startswith(("//", "/\\")):
            return json_reply(body, 302, {**cookie, "Location": following})
        return json_reply(body, headers=cookie)

    def _shown(self, visitor: Visitor) -> Reply:
        info: dict[str, object] = {"authentication_handlers": ["cookie", "default"]}
        if visitor.by:
            info["authenticated"] = visitor.by
        roles = self._login.roles if visitor.is_admin else ()
        return json_reply(
            {
                "ok": True,
                "userCtx": {"name": visitor.user or None, "roles": roles},
                "info": info,
            }
        )

    def _by_cookie(self, header: str) -> Visitor:
        try:
            morsel = SimpleCookie(header).get(COOKIE)
        except CookieError:
            morsel = None
        if morsel is None or not morsel.value:
            return Visitor()
        try:
            text = base64.urlsafe_b64decode(morsel.value + "==").decode("utf-8")
            user, made_at, signature = text.rsplit(":", 2)
            age_s = int(self._clock.monotonic()) - int(made_at, 16)
        except (ValueError, binascii.Error):
            return Visitor()
        signed = hmac.compare_digest(
            signature.encode(), self._signature(user, made_at).encode()
        )
        if not signed or not self._login.knows(user) or not 0 <= age_s < SESSION_S:
            return Visitor()
        renewed = self._made_cookie(user) if age_s > _RENEW_AFTER_S else ""
        return Visitor(user, is_admin=True, by="cookie", cookie=renewed)

    def _made_cookie(self, user: str) -> str:
        made_at = f"{int(self._clock.monotonic()):X}"
        text = f"{user}:{made_at}:{self._signature(user, made_at)}"
        value = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return _cookie(value, SESSION_S)

    def _signature(self, user: str, made_at: str) -> str:
        text = f"{user}:{made_at}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()


def _cookie(value: str, age_s: int) -> str:
    return f"{COOKIE}={value}; Version=1; Max-Age={age_s}; Path=/; HttpOnly"


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        return "", ""
    user, _, password = text.partition(":")
    return user, password


def _credentials(request: Request) -> tuple[str, str]:
    kind = request.content_type()[0]
    body = request.body(_LOGIN_BYTES_MAX)
    fields: dict[str, object] = {}
    if kind == "application/json":
        value = json_text.decode(body)
        fields = dict(value) if isinstance(value, dict) else {}
    elif kind in {"application/x-www-form-urlencoded", ""}:
        try:
            fields = dict(parse_qsl(body.decode("utf-8"), max_num_fields=10))
        except ValueError as error:
            raise bad_request("The form cannot be read") from error
    else:
        raise bad_content_type("Content-Type must be application/json or a form")
    user, password = fields.get("name", fields.get("username")), fields.get("password")
    if not isinstance(user, str) or not isinstance(password, str):
        raise bad_request("request body must contain a username")
    return user, password
