"""The outpost as a running program: pages on loopback, a store, and the way up."""

from collections.abc import Callable
from pathlib import Path

from node.pages import blueprint
from sync.wallclock import WallClock
from web.app import WebContext, create_app
from web.couchdoor import FEEDS, open_couch_door
from web.errors import SettingsError
from web.logs import log_to
from web.opening import Installation, open_installation
from web.program import Connection, Indexing, Part, run_until_told
from web.serving import PageServer
from web.settings import load_settings
from web.startnote import note_start


def run_node(config: Path, ready: Callable[[Installation], None]) -> None:
    """Run an outpost until it is told to stop.

    Args:
        config: its `config.toml`.
        ready: called once the pages answer.

    Raises:
        SettingsError: The configuration is wrong, or the port is in use.
        KeyFileError, TrustError, CatalogueError, StoreError: A part cannot be opened.
    """
    settings = load_settings(config)
    if settings.upstream is None:
        raise SettingsError(f"{config}: an outpost needs [upstream]")
    installation = open_installation(settings)
    try:
        log_to(settings.data / "node.log")
        connection = Connection(installation, settings.upstream)
        context = WebContext(
            settings=settings,
            casebook=installation.casebook,
            accounts=installation.accounts,
            divisions=installation.divisions,
            status=connection.status,
            poke=connection.agent.poke,
            secret=installation.cookie_key,
            now_ms=WallClock().now_ms,
        )
        pages = create_app(context, [blueprint(context)])
        door = open_couch_door(installation.store, pages)
        shown = door.beside(pages) if door else pages
        server = PageServer(settings.pages, shown, waiting=FEEDS)
        parts: list[Part | None] = [server, door, Indexing(installation), connection]
        note_start(settings, installation.store, installation.casebook.journal)
        run_until_told([part for part in parts if part], lambda: ready(installation))
    finally:
        installation.close()
