"""A hub as a running program: pages, sync for its children through the gateway, the way up."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hub.accounting import GatewayPart, with_terminals
from hub.acts import Acts
from hub.control import ControlApplication, ControlKey
from hub.controlwords import PREFIX as CONTROL_PREFIX
from hub.doorway import Doorway
from hub.enrolment import Enrolments
from hub.logkeeping import LogKeeper
from hub.pages import blueprint
from hub.rates import with_rates
from hub.renewal import renewals_of
from security.errors import TrustError
from security.statements import Revocation, Statement
from security.tunnel.targets import Caller, Target
from sync.allowance import Allowance
from sync.answering import DownstreamDriver
from sync.authority import replay
from sync.load import Load
from sync.log.serving import PREFIX
from sync.scope import scope_of
from sync.transports.http import ExchangeApplication, line
from sync.transports.http_server import ExchangeServer
from sync.views.scoped import Child
from sync.wallclock import WallClock, random_bytes
from web.app import WebContext, create_app
from web.caretaking import Caretaker
from web.connection import Connection
from web.couchdoor import FEEDS, open_couch_door
from web.enrolling import CONTENT_TYPE as ENROL_TYPE
from web.enrolling import PATH as ENROL_PATH
from web.errors import SettingsError
from web.logs import log_to
from web.opening import Installation, open_installation
from web.program import Indexing, Part, run_until_told
from web.renewal import CONTENT_TYPE as RENEWAL_TYPE
from web.renewal import PATH as RENEWAL_PATH
from web.serving import CALLER, PageServer
from web.settings import Address, load_settings
from web.startnote import note_start
from web.storing import follow
from web.unlocking import BY_HAND, Unlocking

_accounting = logging.getLogger("postroad.accounting")

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def run_hub(
    config: Path, ready: Callable[[Installation], None], how: Unlocking = BY_HAND
) -> None:
    """Run a hub until it is told to stop.

    Args:
        config: its `config.toml`.
        ready: called once pages and gateway answer.
        how: where the passphrase of a sealed store comes from.

    Raises:
        SettingsError: The configuration is wrong, or a port is in use.
        KeyFileError, TrustError, CatalogueError, StoreError: A part cannot be opened.
    """
    settings = load_settings(config)
    if settings.gateway is None:
        raise SettingsError(f"{config}: a hub needs [gateway]")
    installation = open_installation(settings, how)
    try:
        log_to(settings.data / "hub.log")
        parts = _parts(installation, settings.gateway)
        note_start(settings, installation.store, installation.casebook.journal)
        run_until_told(parts, lambda: ready(installation))
    finally:
        installation.close()


def _parts(installation: Installation, gateway: Address) -> list[Part]:
    settings = installation.settings
    keeper = LogKeeper(installation)
    connection = (
        Connection(installation, settings.upstream, keeper.log, keeper.witness)
        if settings.upstream
        else None
    )
    context = WebContext(
        settings=settings,
        casebook=installation.casebook,
        accounts=installation.accounts,
        divisions=installation.divisions,
        status=connection.status if connection else lambda: None,
        poke=connection.agent.poke if connection else lambda: None,
        insist=connection.insist if connection else lambda: None,
        secret=installation.cookie_key,
        now_ms=WallClock().now_ms,
        idle_ms=settings.idle_minutes * 60_000,
        is_sealed=installation.is_sealed,
    )
    acts = Acts(installation, WallClock(), random_bytes)
    doorway = Doorway(installation, acts.enrolments)
    pages = create_app(context, [blueprint(context, installation.store, doorway.ledger)])
    log = keeper.application(sync_device)
    key = ControlKey(settings.data, random_bytes)
    control = ControlApplication(acts, key.text)
    driver = _driver(installation, connection)
    door = open_couch_door(
        installation.store, pages, lambda environ: _child(driver, sync_device(environ))
    )
    renewals = _renewals(installation)
    told = with_terminals(
        api_of(pages, log, control, renewals), sync_device, doorway.accountant
    )
    front = with_rates(told, sync_device)
    api = newcomers_alone(
        renewal_alone(front if door is None else door.beside(front)), acts.enrolments
    )
    server = PageServer(settings.pages, api, waiting=FEEDS)
    exchanges = ExchangeServer(driver.reception, server.adopt)
    entry = doorway.open(gateway, exchanges.adopt)
    # What another program of this hub put into a shared store is to be known and to climb here.
    follow(installation.store, lambda: _heard(installation, connection))
    watch_revocations(installation, entry)
    caretaker = Caretaker(installation, WallClock())
    answering: list[Part | None] = [server, exchanges, door, Indexing(installation)]
    parts = [*answering, entry, key, keeper, caretaker, connection]
    return [part for part in parts if part is not None]


def _heard(installation: Installation, connection: Connection | None) -> None:
    replay(installation.authority, installation.store)
    if connection is not None:
        connection.agent.poke()


def watch_revocations(installation: Installation, gateway: GatewayPart) -> None:
    """Close the live session of a device as soon as its revocation is stored."""

    def closed(news: tuple[Statement, ...]) -> None:
        for statement in news:
            if isinstance(statement.content, Revocation):
                gateway.close_device(statement.content.device)

    installation.authority.listen(closed)


def renewal_alone(application: Application) -> Application:
    """Return the application; a device whose certificate does not count renews it, no more."""

    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        caller: Caller | None = environ.get(CALLER)
        is_other = environ.get("PATH_INFO") != RENEWAL_PATH
        if caller and (caller.newcomer or (caller.is_lapsed and is_other)):
            start_response("403 Forbidden", [("Content-Length", "0")])
            return []
        return application(environ, start_response)

    return guarded


def newcomers_alone(application: Application, enrolments: Enrolments) -> Application:
    """Return the application; who logged in with a token reaches enrolment, and nobody else."""

    def device_of(environ: dict[str, Any]) -> str | None:
        caller: Caller | None = environ.get(CALLER)
        return caller.device if caller and caller.newcomer else None

    enrol = ExchangeApplication(
        enrolments.answer, device_of, path=ENROL_PATH, content_type=ENROL_TYPE
    )

    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        if environ.get("PATH_INFO") == ENROL_PATH:
            return enrol(environ, start_response)
        return application(environ, start_response)

    return guarded


def _renewals(installation: Installation) -> Application:
    renewals = renewals_of(installation, WallClock())
    return ExchangeApplication(
        renewals.answer, renewing_device, path=RENEWAL_PATH, content_type=RENEWAL_TYPE
    )


def api_of(
    pages: Application, log: Application, control: Application, renewals: Application
) -> Application:
    """Return one application: log, control and renewals by their paths, pages for the rest.

    Whoever came for the exchanges gets no pages; whoever came for pages speaks for no device.
    Exchanges themselves are answered elsewhere, while they arrive.
    """

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        caller: Caller | None = environ.get(CALLER)
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            return log(environ, start_response)
        if path.startswith(CONTROL_PREFIX):
            return control(environ, start_response)
        if path == RENEWAL_PATH:
            return renewals(environ, start_response)
        if path.startswith("/sync/") or (caller is not None and caller.target is Target.SYNC):
            return line(start_response, "404 Not Found")
        return pages(environ, start_response)

    return application


def sync_device(environ: dict[str, Any]) -> str | None:
    """Return the device that came for exchanges; None for pages and programs of the machine."""
    caller: Caller | None = environ.get(CALLER)
    if caller is None or caller.target is not Target.SYNC or caller.is_lapsed:
        return None
    return caller.device


def renewing_device(environ: dict[str, Any]) -> str | None:
    """Return the device that may ask for a certificate, also with one that has ended."""
    caller: Caller | None = environ.get(CALLER)
    if caller is None or caller.newcomer:
        return None
    return caller.device if caller.target is Target.SYNC else None


def _driver(installation: Installation, connection: Connection | None) -> DownstreamDriver:
    """Return the hub's end of sync; who asks is known by the connection, not by the request."""
    return DownstreamDriver(
        unit=installation.station.unit,
        store=installation.store,
        gate=installation.gate(Allowance(WallClock().monotonic)),
        registry=installation.registry,
        clock=WallClock(),
        on_stored=lambda: _stored(installation, connection),
        holdings=installation.holdings,
        load=Load(),
    )


def _child(driver: DownstreamDriver, device: str | None) -> Child | None:
    """Return the child whose device came for exchanges; None if nobody did.

    Raises:
        TrustError: The device was revoked meanwhile, or its unit is not below this one.
    """
    if device is None:
        return None
    registry = driver.registry
    known = registry.device(device)
    if registry.unit(known.unit).parent != driver.unit:
        raise TrustError(f"device {device} does not belong to a unit below this one")
    if registry.revoked_after(device) is not None:
        raise TrustError(f"device {device} was revoked")
    return Child(known.unit, scope_of(registry, known.unit), driver.gate, driver.on_stored)


def _stored(installation: Installation, connection: Connection | None) -> None:
    """After records of a child: pass them on, or, at the root, note how far the store is."""
    if connection is not None:
        connection.agent.poke()
    else:
        installation.mark.set(installation.store)
