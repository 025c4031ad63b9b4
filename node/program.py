"""The outpost as a running program: pages on loopback, a store, and the way up."""

from collections.abc import Callable
from pathlib import Path

from node.pages import blueprint
from sync.wallclock import WallClock
from web.app import WebContext, create_app
from web.caretaking import Caretaker
from web.connection import Connection
from web.couchdoor import FEEDS, open_couch_door
from web.errors import SettingsError
from web.logs import log_to
from web.opening import Installation, open_installation
from web.program import Indexing, Part, run_until_told
from web.serving import PageServer
from web.settings import load_settings
from web.startnote import note_start
from web.unlocking import BY_HAND, Unlocking


def run_node(
    config: Path, ready: Callable[[Installation], None], how: Unlocking = BY_HAND
) -> None:
    """Run an outpost until it is told to stop.

    Args:
        config: its `config.toml`.
        ready: called once the pages answer.
        how: where the passphrase of a sealed store comes from.

    Raises:
        SettingsError: The configuration is wrong, or the port is in use.
        KeyFileError, TrustError, CatalogueError, StoreError: A part cannot be opened.
    """
    settings = load_settings(config)
    if settings.upstream is None:
        raise SettingsError(f"{config}: an outpost needs [upstream]")
    installation = open_installation(settings, how)
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
            insist=connection.insist,
            secret=installation.cookie_key,
            now_ms=WallClock().now_ms,
            idle_ms=settings.idle_minutes * 60_000,
            is_sealed=installation.is_sealed,
        )
        pages = create_app(context, [blueprint(context)])
        door = open_couch_door(installation.store, pages)
        shown = door.beside(pages) if door else pages
        server = PageServer(settings.pages, shown, waiting=FEEDS)
        caretaker = Caretaker(installation, WallClock())
        parts: list[Part | None] = [
            *(server, door, Indexing(installation), caretaker, connection)
        ]
        note_start(settings, installation.store, installation.casebook.journal)
        run_until_told([part for part in parts if part], lambda: ready(installation))
    finally:
        installation.close()
