"""The Flask application of a program: the shell, and the pages that the program adds to it."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from flask import Blueprint, Flask
from jinja2 import StrictUndefined

from web import errorpages, guard, presenting, sessions, shell_pages
from web.context import EXTENSION, Pages, Shell, WebContext
from web.roster import Roster

__all__ = ["WebContext", "create_app"]

STATIC_SECONDS = 30 * 24 * 3600
"""Scripts and styles are asked for by their digest, so a browser may keep them."""


def create_app(context: WebContext, blueprints: Sequence[Blueprint]) -> Flask:
    """The application that serves these pages to the clerks of one unit.

    Every view needs a signed-in clerk unless it is marked `web.guard.without_sign_in`, and
    every form the token that `csrf_field()` puts into it. The navigation bar shows the menus
    of those blueprints that are `web.context.Pages`.
    """
    app = Flask("web")
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_SECONDS
    settings = context.settings
    menu = tuple(entry for one in blueprints if isinstance(one, Pages) for entry in one.menu)
    roster = Roster(context.accounts, settings.accounts, settings.password_cost)
    app.extensions[EXTENSION] = Shell(
        context, menu, roster, sessions.SignInGuard(roster), _assets(blueprints, app)
    )
    sessions.configure(app, context.secret, settings.device)
    guard.install(app)
    errorpages.install(app)
    presenting.install(app)
    for blueprint in (shell_pages.pages, *blueprints):
        app.register_blueprint(blueprint)
    return app


def _assets(blueprints: Sequence[Blueprint], app: Flask) -> Mapping[str, str]:
    """The digest of every static file by endpoint and name."""
    digests = {}
    owners = [("static", app.static_folder)]
    owners += [(f"{one.name}.static", one.static_folder) for one in blueprints]
    for endpoint, folder in owners:
        for path in sorted(Path(folder).iterdir()) if folder else ():
            if path.is_file():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
                digests[f"{endpoint}/{path.name}"] = digest
    return digests
