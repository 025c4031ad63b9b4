"""One clear line for everything that goes wrong, in the language of the reader."""

import logging

from flask import Flask, g, render_template
from werkzeug.exceptions import HTTPException

from casebook.errors import NotReadableError, UnknownCaseError, UnknownItemError
from sync.errors import StoreError
from web.language import choose_language

_log = logging.getLogger(__name__)

_KNOWN = (400, 403, 404, 405, 413, 429, 500)
_REASONS = ("host", "csrf", "role", "item")
"""Reasons that a caller may give to `abort` and that have a text of their own."""


def install(app: Flask) -> None:
    """Answer errors of an application with a page; nothing of the fault itself is shown."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(UnknownCaseError, _unknown_case)
    app.register_error_handler(UnknownItemError, _unknown_item)
    app.register_error_handler(NotReadableError, _not_readable)
    app.register_error_handler(StoreError, _not_stored)


def _refused(error: HTTPException) -> tuple[str, int]:
    code = error.code or 500
    reason = error.description if error.description in _REASONS else ""
    key = f"{code}.{reason}" if reason else str(code if code in _KNOWN else 400)
    return _page(code, key)


def _unknown_case(_error: UnknownCaseError) -> tuple[str, int]:
    return _page(404, "unknown_case")


def _unknown_item(_error: UnknownItemError) -> tuple[str, int]:
    return _page(404, "unknown_item")


def _not_readable(_error: NotReadableError) -> tuple[str, int]:
    return _page(403, "not_readable")


def _not_stored(error: StoreError) -> tuple[str, int]:
    # The message names files and sizes, no content: the log of the machine may have it.
    _log.error("the store refused a page", extra={"fault": str(error)})
    return _page(503, "not_stored")


def _page(code: int, key: str) -> tuple[str, int]:
    if "texts" not in g:
        choose_language()
    g.setdefault("clerk", None)
    g.setdefault("locked", "")
    return render_template("error.html", code=code, key=key), code
