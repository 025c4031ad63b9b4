"""A hub as a running program: pages, sync for its children through the gateway, the way up."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hub.logkeeping import LogKeeper
from hub.pages import blueprint
from hub.sshd import openssh_gateway
from security.errors import KeyFileError, TrustError
from security.sshcert import Certificate
from security.tunnel.accounting import CloneAlarm, SessionRecord
from security.tunnel.admission import (
    Admission,
    DeviceGateway,
    Entrance,
    GatewaySettings,
    Reports,
)
from security.tunnel.gateway import Gateway
from security.tunnel.openssh.krl import NEVER_ISSUED
from security.tunnel.targets import Caller, Target
from sync.allowance import Allowance
from sync.answering import DownstreamDriver
from sync.authority import replay
from sync.log.serving import PREFIX
from sync.scope import scope_of
from sync.transports.http import line
from sync.transports.http_server import ExchangeServer
from sync.views.scoped import Child
from sync.wallclock import WallClock
from web.app import WebContext, create_app
from web.couchdoor import FEEDS, open_couch_door
from web.errors import SettingsError
from web.logs import log_to
from web.opening import Installation, open_installation
from web.program import Connection, Indexing, Part, run_until_told
from web.serving import CALLER, PageServer
from web.settings import Address, load_settings
from web.startnote import note_start
from web.storing import follow

_log = logging.getLogger(__name__)

_accounting = logging.getLogger("postroad.accounting")

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def run_hub(config: Path, ready: Callable[[Installation], None]) -> None:
    """Run a hub until it is told to stop.

    Args:
        config: its `config.toml`.
        ready: called once pages and gateway answer.

    Raises:
        SettingsError: The configuration is wrong, or a port is in use.
        KeyFileError, TrustError, CatalogueError, StoreError: A part cannot be opened.
    """
    settings = load_settings(config)
    if settings.gateway is None:
        raise SettingsError(f"{config}: a hub needs [gateway]")
    installation = open_installation(settings)
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
        secret=installation.cookie_key,
        now_ms=WallClock().now_ms,
    )
    pages = create_app(context, [blueprint(context, installation.store)])
    log = keeper.application(sync_device)
    driver = _driver(installation, connection)
    door = open_couch_door(
        installation.store, pages, lambda environ: _child(driver, sync_device(environ))
    )
    api = api_of(pages, log) if door is None else door.beside(api_of(pages, log))
    server = PageServer(settings.pages, api, waiting=FEEDS)
    exchanges = ExchangeServer(driver.reception, server.adopt)
    doorway = _gateway(installation, gateway, exchanges.adopt)
    # What another program of this hub put into a shared store is to be known and to climb here.
    follow(installation.store, lambda: _heard(installation, connection))
    front: list[Part | None] = [server, exchanges, door, Indexing(installation)]
    parts = [*front, doorway, keeper, connection]
    return [part for part in parts if part is not None]


def _heard(installation: Installation, connection: Connection | None) -> None:
    replay(installation.authority, installation.store)
    if connection is not None:
        connection.agent.poke()


def api_of(pages: Application, log: Application) -> Application:
    """Return one application: the log by its path, pages for the rest.

    Whoever came for the exchanges gets no pages; whoever came for pages speaks for no device.
    Exchanges themselves are answered elsewhere, while they arrive.
    """

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        caller: Caller | None = environ.get(CALLER)
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            return log(environ, start_response)
        if path.startswith("/sync/") or (caller is not None and caller.target is Target.SYNC):
            return line(start_response, "404 Not Found")
        return pages(environ, start_response)

    return application


def sync_device(environ: dict[str, Any]) -> str | None:
    """Return the device that came for exchanges; None for pages and programs of the machine."""
    caller: Caller | None = environ.get(CALLER)
    return caller.device if caller and caller.target is Target.SYNC else None


def _driver(installation: Installation, connection: Connection | None) -> DownstreamDriver:
    """Return the hub's end of sync; who asks is known by the connection, not by the request."""
    return DownstreamDriver(
        unit=installation.station.unit,
        store=installation.store,
        gate=installation.gate(Allowance(WallClock().monotonic)),
        registry=installation.registry,
        clock=WallClock(),
        on_stored=lambda: _stored(installation, connection),
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


def _gateway(installation: Installation, address: Address, entrance: Entrance) -> DeviceGateway:
    keys = installation.keys
    if keys.host is None or keys.ssh_ca is None:
        raise KeyFileError(f"{installation.settings.keys}: the keys of a hub are not there")

    def authorise(device: str, _certificate: Certificate) -> None:
        if device == installation.station.device:
            return  # this hub itself, when it proves its own gateway
        known = installation.registry.device(device)
        # A unit that was moved away may come once more, to hear of it.
        if not installation.registry.had_parent(known.unit, installation.station.unit):
            raise TrustError(f"device {device} does not belong to a unit below this one")
        if installation.registry.revoked_after(device) is not None:
            raise TrustError(f"device {device} was revoked")

    folder = installation.settings.entry.sshd_folder
    clock = WallClock()
    admission = Admission(
        ca_public=keys.ssh_ca.public_key().public_bytes_raw(),
        authorise=authorise,
        now=lambda: clock.now_ms() // 1_000,
        # Under OpenSSH its own list refuses this one, which proves that the list is in use.
        revoked_serials=lambda: () if folder else (NEVER_ISSUED,),
    )
    reports = Reports(on_session=_account, on_clone=_alarm)
    if folder is not None:
        return openssh_gateway(folder, admission, entrance, reports)
    settings = GatewaySettings(address.host, address.port)
    return Gateway(settings, keys.host, admission, entrance, reports)


def _account(record: SessionRecord) -> None:
    _accounting.info("session", extra={"accounting": asdict(record)})


def _alarm(alarm: CloneAlarm) -> None:
    _log.error("two machines under one device", extra={"clone": asdict(alarm)})
