"""What every request must pass, and the headers that every answer carries."""

from collections.abc import Callable
from typing import TypeVar

from flask import (
    Flask,
    Response,
    abort,
    current_app,
    flash,
    g,
    redirect,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from web.context import context
from web.language import choose_language
from web.sessions import is_right_csrf, open_session, touch

FORM_BYTES_MAX = 512 * 1024
FORM_FIELDS_MAX = 8_000
"""A register of 1,000 households with six columns is the largest form of the trade."""
FIELD_CHARACTERS_MAX = 20_000

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_READING = ("GET", "HEAD", "OPTIONS")
_OPEN = "postroad_open"
_PASSIVE = "postroad_passive"
_POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_View = TypeVar("_View", bound=Callable[..., object])


def without_sign_in(view: _View) -> _View:
    """Mark a view that anybody may call; its forms still need the token of the session."""
    setattr(view, _OPEN, True)
    return view


def passive(view: _View) -> _View:
    """Mark a view that pages call by themselves: it does not keep a session awake."""
    setattr(view, _PASSIVE, True)
    return view


def install(app: Flask) -> None:
    """Put the checks before all views of an application, and the headers behind them."""
    app.config["MAX_CONTENT_LENGTH"] = FORM_BYTES_MAX
    # A register of a thousand households is sent back beside the sheet that replaces it.
    app.config["MAX_FORM_PARTS"] = FORM_FIELDS_MAX
    app.config["MAX_FORM_MEMORY_SIZE"] = FORM_BYTES_MAX
    app.before_request(_admit)
    app.after_request(_secure)


def _admit() -> AnyResponse | None:
    g.clerk, g.locked = None, ""
    choose_language()
    if _host() not in (*_LOOPBACK, context().settings.pages.host):
        abort(400, "host")
    if _is_static():
        return None
    open_session()
    if request.method not in _READING:
        _check_form()
    if g.clerk is None:
        return None if _marked(_OPEN) else _to_sign_in()
    if not _marked(_PASSIVE):
        touch()
    return None


def _check_form() -> None:
    if len(request.form) > FORM_FIELDS_MAX:
        abort(413)
    if any(len(value) > FIELD_CHARACTERS_MAX for value in request.form.values()):
        abort(413)
    token = request.form.get("csrf") or request.headers.get("X-CSRF", "")
    if not is_right_csrf(token):
        abort(403, "csrf")


def _to_sign_in() -> AnyResponse:
    if request.endpoint is None:
        abort(404)
    # A page left open keeps asking for the light of the link: it must not fill the cookie.
    if g.locked and not _marked(_PASSIVE) and "_flashes" not in session:
        flash("sign_in.locked", "notice")
    back = request.path if request.method == "GET" else "/"
    return redirect(url_for("shell.sign_in", next=back if back != "/" else None), 303)


def _secure(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = _POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if not _is_static():
        headers["Cache-Control"] = "no-store"
    return response


def _host() -> str:
    host = request.host
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _is_static() -> bool:
    endpoint = request.endpoint or ""
    return endpoint == "static" or endpoint.endswith(".static")


def _marked(mark: str) -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, mark, False))
