"""A hub as a running program: pages, sync for its children through the gateway, the way up."""

import logging
import socket
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from hub.pages import blueprint
from security.errors import KeyFileError, TrustError
from security.sshcert import Certificate
from security.tunnel.accounting import CloneAlarm, SessionRecord
from security.tunnel.admission import Admission, Entrance, GatewaySettings, Reports
from security.tunnel.gateway import Gateway
from security.tunnel.targets import Caller, Target
from sync.allowance import Allowance
from sync.answering import DownstreamDriver
from sync.transports.http_server import ExchangeServer
from sync.wallclock import WallClock
from web.app import WebContext, create_app
from web.errors import SettingsError
from web.logs import log_to
from web.opening import Installation, open_installation
from web.program import Connection, Indexing, Part, run_until_told
from web.serving import PageServer
from web.settings import Address, load_settings

_log = logging.getLogger(__name__)

_accounting = logging.getLogger("postroad.accounting")


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
        run_until_told(_parts(installation, settings.gateway), lambda: ready(installation))
    finally:
        installation.close()


def _parts(installation: Installation, gateway: Address) -> list[Part]:
    settings = installation.settings
    connection = Connection(installation, settings.upstream) if settings.upstream else None
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
    server = PageServer(settings.pages, pages)
    exchanges = ExchangeServer(_answering(installation, connection).reception)
    doorway = _gateway(installation, gateway, entrance_of(server, exchanges))
    parts: list[Part] = [server, exchanges, Indexing(installation), doorway]
    return [*parts, connection] if connection else parts


def entrance_of(pages: PageServer, exchanges: ExchangeServer) -> Entrance:
    """Return where a gateway hands its connections over, each to what its device asked for.

    Whoever came for the exchanges gets no pages; whoever came for pages speaks for no device.
    """

    def enter(connection: socket.socket, caller: Caller) -> None:
        if caller.target is Target.SYNC:
            exchanges.adopt(connection, caller.device)
        else:
            pages.adopt(connection, caller)

    return enter


def _answering(installation: Installation, connection: Connection | None) -> DownstreamDriver:
    """Return the hub's end of sync; who asks is known by the connection, not by the request."""
    return DownstreamDriver(
        unit=installation.station.unit,
        store=installation.store,
        gate=installation.gate(Allowance(WallClock().monotonic)),
        registry=installation.registry,
        clock=WallClock(),
        on_stored=lambda: _stored(installation, connection),
    )


def _stored(installation: Installation, connection: Connection | None) -> None:
    """After records of a child: pass them on, or, at the root, note how far the store is."""
    if connection is not None:
        connection.agent.poke()
    else:
        installation.mark.set(installation.store)


def _gateway(installation: Installation, address: Address, entrance: Entrance) -> Gateway:
    keys = installation.keys
    if keys.host is None or keys.ssh_ca is None:
        raise KeyFileError(f"{installation.settings.keys}: the keys of a hub are not there")

    def authorise(device: str, _certificate: Certificate) -> None:
        known = installation.registry.device(device)
        # A unit that was moved away may come once more, to hear of it.
        if not installation.registry.had_parent(known.unit, installation.station.unit):
            raise TrustError(f"device {device} does not belong to a unit below this one")
        if installation.registry.revoked_after(device) is not None:
            raise TrustError(f"device {device} was revoked")

    clock = WallClock()
    return Gateway(
        GatewaySettings(address.host, address.port),
        keys.host,
        Admission(
            ca_public=keys.ssh_ca.public_key().public_bytes_raw(),
            authorise=authorise,
            now=lambda: clock.now_ms() // 1_000,
        ),
        entrance,
        Reports(on_session=_account, on_clone=_alarm),
    )


def _account(record: SessionRecord) -> None:
    _accounting.info("session", extra={"accounting": asdict(record)})


def _alarm(alarm: CloneAlarm) -> None:
    _log.error("two machines under one device", extra={"clone": asdict(alarm)})
