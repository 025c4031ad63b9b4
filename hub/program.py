"""A hub as a running program: pages, sync for its children through the gateway, the way up."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hub.pages import blueprint
from security.errors import KeyFileError, TrustError
from security.sshcert import Certificate
from security.tunnel.accounting import CloneAlarm, SessionRecord
from security.tunnel.admission import Admission, GatewaySettings, Reports
from security.tunnel.connections import Connections
from security.tunnel.gateway import Gateway
from sync.answering import DownstreamDriver
from sync.ingest import Gate
from sync.transports.http import ExchangeApplication
from sync.wallclock import WallClock
from web.app import WebContext, create_app
from web.errors import SettingsError
from web.logs import log_to
from web.opening import Installation, open_installation
from web.program import Connection, Indexing, Part, run_until_told
from web.serving import PageServer
from web.settings import Address, load_settings
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
        run_until_told(_parts(installation, settings.gateway), lambda: ready(installation))
    finally:
        installation.close()


def _parts(installation: Installation, gateway: Address) -> list[Part]:
    settings = installation.settings
    connection = Connection(installation, settings.upstream) if settings.upstream else None
    connections = Connections()
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
    api = _api(pages, _exchange(installation, connections, connection))
    server = PageServer(settings.pages, api)
    doorway = _gateway(installation, gateway, connections)
    # What another program of this hub put into a shared store is to climb from here, too.
    follow(installation.store, connection.agent.poke if connection else lambda: None)
    parts: list[Part] = [server, Indexing(installation), doorway]
    return [*parts, connection] if connection else parts


def _api(pages: Application, exchange: Application) -> Application:
    """Return one application for both: sync by its path, pages for the rest."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        chosen = exchange if environ.get("PATH_INFO", "").startswith("/sync/") else pages
        return chosen(environ, start_response)

    return application


def _exchange(
    installation: Installation, connections: Connections, connection: Connection | None
) -> Application:
    """Return the hub's end of sync; who asks is known by the connection, not by the request."""
    driver = DownstreamDriver(
        unit=installation.station.unit,
        store=installation.store,
        gate=Gate(installation.registry, installation.store, installation.station.unit),
        registry=installation.registry,
        clock=WallClock(),
        on_stored=lambda: _stored(installation, connection),
    )

    def device_of(environ: dict[str, Any]) -> str | None:
        port = str(environ.get("REMOTE_PORT", ""))
        address = str(environ.get("REMOTE_ADDR", ""))
        return connections.device_of(address, int(port)) if port.isdecimal() else None

    return ExchangeApplication(driver.answer_bytes, device_of)


def _stored(installation: Installation, connection: Connection | None) -> None:
    """After records of a child: pass them on, or, at the root, note how far the store is."""
    if connection is not None:
        connection.agent.poke()
    else:
        installation.mark.set(installation.store)


def _gateway(installation: Installation, address: Address, connections: Connections) -> Gateway:
    keys, pages = installation.keys, installation.settings.pages
    if keys.host is None or keys.ssh_ca is None:
        raise KeyFileError(f"{installation.settings.keys}: the keys of a hub are not there")

    def authorise(device: str, _certificate: Certificate) -> None:
        known = installation.registry.device(device)
        if installation.registry.unit(known.unit).parent != installation.station.unit:
            raise TrustError(f"device {device} does not belong to a unit below this one")
        if installation.registry.revoked_after(device) is not None:
            raise TrustError(f"device {device} was revoked")

    clock = WallClock()
    return Gateway(
        GatewaySettings(address.host, address.port, (pages.host, pages.port)),
        keys.host,
        Admission(
            ca_public=keys.ssh_ca.public_key().public_bytes_raw(),
            authorise=authorise,
            now=lambda: clock.now_ms() // 1_000,
        ),
        connections,
        Reports(on_session=_account, on_clone=_alarm),
    )


def _account(record: SessionRecord) -> None:
    _accounting.info("session", extra={"accounting": asdict(record)})


def _alarm(alarm: CloneAlarm) -> None:
    _log.error("two machines under one device", extra={"clone": asdict(alarm)})
