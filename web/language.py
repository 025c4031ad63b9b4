"""The language of a request: the one chosen in this browser, else Chinese."""

from flask import g, request
from werkzeug.wrappers import Response

from web.texts import LANGUAGES, Texts

COOKIE = "postroad-language"
COOKIE_SECONDS = 400 * 24 * 3600
"""The longest time that browsers keep a cookie."""


def choose_language() -> None:
    """Put the texts of this request's language into `g.texts`."""
    wish = request.cookies.get(COOKIE, "")
    use_language(wish if wish in LANGUAGES else LANGUAGES[0])


def use_language(language: str) -> None:
    """Answer this request in a language of `LANGUAGES`."""
    g.texts = Texts(language)


def remember_language(response: Response, language: str) -> None:
    """Keep a language in the browser that gets this answer."""
    response.set_cookie(COOKIE, language, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax")


def texts() -> Texts:
    """The texts of the request's language."""
    found = g.texts
    assert isinstance(found, Texts)
    return found


def is_local_path(path: str) -> bool:
    """Tell whether a path leads to a page of this program, and nowhere else."""
    return (
        path.startswith("/")
        and not path.startswith(("//", "/\\"))
        and path.isprintable()
        and "\\" not in path
    )
