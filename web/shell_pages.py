"""The pages of the shell: sign in and out, unlock, language, password, light of the link."""

from flask import Blueprint, flash, g, redirect, render_template, request, session
from flask import url_for as address_of
from werkzeug.wrappers import Response as AnyResponse

from web import passwords
from web.context import context, shell
from web.errors import AccountsError
from web.guard import passive, without_sign_in
from web.language import is_local_path, remember_language, texts
from web.lookups import find_places, place_name
from web.notes import note, note_sign_in
from web.presenting import link_light
from web.sessions import SignIn, end_session, start_session, touch
from web.texts import LANGUAGES

pages = Blueprint("shell", __name__)


@pages.get("/login")
@without_sign_in
def sign_in() -> str:
    """The sign-in page."""
    return _sign_in_page("")


@pages.post("/login")
@without_sign_in
def check_sign_in() -> AnyResponse | tuple[str, int, dict[str, str]]:
    """Sign a clerk in and lead to the page that was wanted."""
    user = request.form.get("user", "")
    outcome = _try("sign_in", user, request.form.get("password", ""))
    if outcome.clerk is None:
        status, headers = (429, _retry(outcome)) if outcome.wait_ms else (403, {})
        return _sign_in_page(_refusal(outcome), user), status, headers
    start_session(outcome.clerk)
    login = shell().roster.login(outcome.clerk.user)
    if login is not None and login.initial:
        flash("password.initial", "notice")
    return redirect(_wanted(), 303)


@pages.post("/unlock")
@without_sign_in
@passive
def unlock() -> tuple[dict[str, str], int] | tuple[str, int]:
    """Wake a session that was left alone, for the script that covers the page meanwhile."""
    user = session.get("user")
    if not isinstance(user, str):
        return {"error": texts().text("sign_in.again")}, 403
    outcome = _try("unlock", user, request.form.get("password", ""))
    if outcome.clerk is None:
        return {"error": _refusal(outcome)}, 403
    touch()
    return "", 204


@pages.post("/logout")
def sign_out() -> AnyResponse:
    """Sign the clerk out."""
    note("sign_out")
    end_session()
    return redirect(address_of("shell.sign_in"), 303)


@pages.post("/alive")
def alive() -> tuple[str, int]:
    """Say that the clerk is typing, so that a long form does not lock."""
    return "", 204


@pages.get("/language/<language>")
@without_sign_in
@passive
def language(language: str) -> AnyResponse:
    """Remember a language in this browser and go back to the page."""
    response = redirect(_wanted(), 303)
    if language in LANGUAGES:
        remember_language(response, language)
    return response


@pages.get("/link")
@passive
def link() -> dict[str, str]:
    """The light of the link, for the script that keeps it true on an open page."""
    light = link_light()
    return {"colour": light.colour, "text": light.text, "detail": light.detail}


@pages.get("/divisions")
def find_divisions() -> dict[str, list[dict[str, str]]]:
    """Places for a form field, while somebody types their name or code."""
    tree = context().divisions
    found = find_places(tree, request.args.get("q", "")[:40])
    return {
        "places": [{"code": each.code, "name": place_name(tree, each.code)} for each in found]
    }


@pages.get("/healthz")
@without_sign_in
@passive
def health() -> dict[str, str]:
    """Say that the program answers, and which it is."""
    station = context().casebook.station
    return {"status": "ok", "device": station.device, "version": context().version}


@pages.get("/password")
def password() -> str:
    """The page on which a clerk chooses a password."""
    return render_template("password.html", error="")


@pages.post("/password")
def change_password() -> AnyResponse | tuple[str, int]:
    """Change the password of the clerk who is signed in."""
    error = _password_fault()
    if error:
        return render_template("password.html", error=error), 422
    try:
        shell().roster.change_password(
            g.clerk.user, request.form["new"], context().random_bytes
        )
    except AccountsError:
        return render_template("password.html", error=texts().text("password.not_kept")), 500
    note("config", "password")
    start_session(g.clerk)
    flash("password.changed", "good")
    return redirect("/", 303)


def _password_fault() -> str:
    old, new = request.form.get("old", ""), request.form.get("new", "")
    outcome = _try("password", g.clerk.user, old)
    if outcome.clerk is None:
        return _refusal(outcome)
    if not passwords.is_acceptable(new) or new == old:
        return texts().text(
            "password.too_weak", least=passwords.LENGTH_MIN, most=passwords.LENGTH_MAX
        )
    if new != request.form.get("again", ""):
        return texts().text("password.not_the_same")
    return ""


def _try(action: str, user: str, password: str) -> SignIn:
    outcome = shell().guard.sign_in(user, password, context().now_ms())
    if outcome.checked:
        login = shell().roster.login(user)
        name = login.clerk.user if login else ""
        note_sign_in(action, name, "ok" if outcome.clerk else "refused")
    return outcome


def _refusal(outcome: SignIn) -> str:
    if outcome.wait_ms:
        return texts().text("sign_in.wait", seconds=-(-outcome.wait_ms // 1000))
    return texts().text("sign_in.wrong")


def _retry(outcome: SignIn) -> dict[str, str]:
    return {"Retry-After": str(-(-outcome.wait_ms // 1000))}


def _sign_in_page(error: str, user: str = "") -> str:
    return render_template("sign_in.html", error=error, user=user or g.locked, wanted=_wanted())


def _wanted() -> str:
    path = request.values.get("next", "/")
    return path if is_local_path(path) else "/"
