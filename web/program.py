"""What the outpost and the hub have in common as running programs."""

import logging
import secrets
import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Protocol

from security.errors import KeyFileError
from security.tunnel.client import ClientSettings, DeviceIdentity, TunnelClient
from security.tunnel.errors import TunnelError
from security.tunnel.forward import LocalForward
from security.tunnel.netwatch import NetworkWatch
from security.tunnel.watchdog import SILENT_INTERVALS_MAX, Probing
from sync.agent import Agent
from sync.driver import UpstreamDriver
from sync.errors import StoreError
from sync.log.alarms import Alarms
from sync.log.contact import CONTACT_TYPE, ChildSide
from sync.log.hublog import HubLog
from sync.log.serving import CONTACT_PATH
from sync.log.visits import Visits
from sync.log.witness import Witness
from sync.protocol.upstream import Link
from sync.status import SessionReport, SyncStatus
from sync.transports.http import HttpTransport
from sync.uplink import Uplink
from sync.wallclock import WallClock
from web.notes import alarm_notes
from web.opening import Installation
from web.settings import Upstream

_log = logging.getLogger(__name__)

STOP_S = 5.0


class Part(Protocol):
    """Something that runs beside the others and is stopped with them."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, within seconds."""


class Connection:
    """The way up of one installation: tunnel, sync agent, and a door to the hub's pages."""

    def __init__(
        self,
        installation: Installation,
        upstream: Upstream,
        log: HubLog | None = None,
        witness: Witness | None = None,
    ) -> None:
        """Prepare the way; nothing is dialled before `start`.

        Args:
            installation: whose way it is.
            upstream: where it leads.
            log: a hub's own log, to be cosigned.
            witness: cosigns for a sibling.

        Raises:
            KeyFileError: This node has no certificate.
            TunnelError: The registry holds no host key of the hub above.
        """
        store = installation.store
        driver, self._uplink = open_way_up(installation, upstream)
        self._driver = driver
        self._installation = installation
        child = ChildSide(
            store=store,
            registry=installation.registry,
            parent=upstream.unit,
            on_alarm=Alarms(store, alarm_notes(installation.casebook.journal)),
            log=log,
            witness=witness,
        )
        contact = HttpTransport(
            self._uplink.stream, WallClock(), path=CONTACT_PATH, content_type=CONTACT_TYPE
        )
        self._visits = Visits(child, contact, WallClock())
        self._agent = Agent(driver, upstream.interval_s, self._note)
        self._network = NetworkWatch(self._network_changed)
        self._door = (
            LocalForward(self._uplink.tunnel, upstream.door.host, upstream.door.port)
            if upstream.door
            else None
        )

    @property
    def agent(self) -> Agent:
        """The thread that holds the sessions."""
        return self._agent

    def status(self) -> SyncStatus:
        """Return how the link stands, for the sync light."""
        return self._driver.status()

    def _note(self, report: SessionReport) -> None:
        """After a whole session this store holds all that the hub above knows of it."""
        if report.outcome == "done":
            self._installation.casebook.refresh()
            self._installation.casebook.release()
            self._installation.mark.set(self._installation.store)
        self._visits.after(report)

    def _network_changed(self) -> None:
        """A new network may be the way up again: do not sit out the back-off of the old one."""
        self._uplink.network_changed()
        self._agent.poke()

    def start(self) -> None:
        """Begin to sync and to let clerks through to the hub's pages."""
        self._agent.start()
        self._network.start()
        if self._door is not None:
            self._door.start()

    def stop(self) -> None:
        """Close the tunnel and end the session that is running."""
        self._network.stop()
        if self._door is not None:
            self._door.close()
        self._uplink.close()
        self._agent.stop(STOP_S)


def open_way_up(
    installation: Installation, upstream: Upstream
) -> tuple[UpstreamDriver, Uplink]:
    """Return what holds sessions with the unit above, and the tunnel to close afterwards.

    Raises:
        KeyFileError: This node has no certificate.
        TunnelError: The registry holds no host key of the hub above.
    """
    station = installation.station
    uplink = Uplink(_client(installation, upstream))
    driver = UpstreamDriver(
        link=Link(unit=station.unit, device=station.device, parent=upstream.unit),
        store=installation.store,
        gate=installation.gate(),
        transport=HttpTransport(uplink.stream, WallClock()),
        clock=WallClock(),
        jitter=lambda: secrets.randbelow(1 << 30) / (1 << 30),
        on_stored=installation.casebook.refresh,
    )
    return driver, uplink


class Indexing:
    """Brings the read model up to the store while the pages answer already.

    It matters after an upgrade that reads more of each case, and when the file was lost.
    """

    def __init__(self, installation: Installation) -> None:
        """Take the installation; nothing is read yet."""
        self._casebook = installation.casebook
        self._thread = threading.Thread(target=self._run, name="indexing", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Wait a little for the batch under way; the next start goes on from there."""
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            folded = self._casebook.refresh()
        except StoreError:
            _log.info("the program stopped before the read model was complete")
        else:
            _log.info("the read model is complete", extra={"folded": folded})


def run_until_told(parts: Sequence[Part], ready: Callable[[], None]) -> None:
    """Start the parts in order, wait for SIGINT or SIGTERM, stop them in reverse order."""
    told = threading.Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, tell)
    started: list[Part] = []
    try:
        for part in parts:
            part.start()
            started.append(part)
        ready()
        told.wait()
    finally:
        for part in reversed(started):
            part.stop()


def _client(installation: Installation, upstream: Upstream) -> TunnelClient:
    keys, station = installation.keys, installation.station
    if keys.ssh_certificate is None:
        raise KeyFileError(
            f"{installation.settings.keys}: there is no certificate to log in with"
        )
    hosts = [
        device.host for device in installation.registry.devices(upstream.unit) if device.host
    ]
    if not hosts:
        raise TunnelError(f"the registry holds no host key of unit {upstream.unit}")
    identity = DeviceIdentity(station.device, keys.ssh, keys.ssh_certificate)
    addresses = [(address.host, address.port) for address in upstream.addresses]
    probing = Probing(interval_s=upstream.silence_s / SILENT_INTERVALS_MAX)
    settings = ClientSettings(probing=probing, proxy=upstream.proxy)
    return TunnelClient(addresses, identity, hosts, settings)
