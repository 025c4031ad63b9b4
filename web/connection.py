"""The way up of one installation, wherever the registry says that it leads."""

import json
import logging
import secrets
import threading
from dataclasses import dataclass, replace

from casebook.desk import note_offset
from casebook.linkrules import Hold
from security.errors import KeyFileError
from security.sshcert import public_line
from security.tunnel.client import ClientSettings, DeviceIdentity, TunnelClient
from security.tunnel.errors import TunnelError
from security.tunnel.forward import LocalForward
from security.tunnel.netwatch import NetworkWatch
from security.tunnel.terminal import TERMINAL_PATH, TERMINAL_TYPE, terminal_of
from security.tunnel.watchdog import SILENT_INTERVALS_MAX, Probing
from sync.agent import Agent
from sync.driver import UpstreamDriver
from sync.errors import SyncError
from sync.log.alarms import Alarms
from sync.log.contact import CONTACT_TYPE, ChildSide
from sync.log.headwatch import HeadWatch
from sync.log.hublog import HubLog
from sync.log.serving import CONTACT_PATH
from sync.log.visits import Visits
from sync.log.witness import Witness
from sync.protocol.upstream import Link
from sync.status import SessionReport, SyncStatus
from sync.tally import Tally
from sync.transports.http import HttpTransport
from sync.transports.pacing import PacedChannel
from sync.uplink import Uplink
from sync.wallclock import WallClock
from web.linkgate import LinkGate
from web.notes import alarm_notes
from web.opening import Installation
from web.renewal import CONTENT_TYPE, PATH, Renewal
from web.settings import Upstream

_log = logging.getLogger(__name__)

STOP_S = 5.0

LOOK_S_MAX = 60
"""A closed link is looked at so often: the policy or the clock may have changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """With what a hub is dialled: it is dialled anew when any of this changes."""

    parent: str
    addresses: tuple[tuple[str, int], ...]
    host_keys: tuple[str, ...]
    certificate: str


class Connection:
    """The way up of one installation: tunnel, sync agent, and a door to the hub's pages.

    Before each session it looks whether the unit was moved below another hub, whether that hub
    has other host keys, and whether the certificate has to be renewed.
    """

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
            upstream: where it leads, until the registry says otherwise.
            log: a hub's own log, to be cosigned.
            witness: cosigns for a sibling.

        Raises:
            KeyFileError: This node has no certificate.
            TunnelError: The registry holds no host key of the hub above.
        """
        keys = installation.keys
        if keys.ssh_certificate is None:
            raise KeyFileError(
                f"{installation.settings.keys}: there is no certificate to log in with"
            )
        self._installation = installation
        self._upstream = upstream
        self._log, self._witness = log, witness
        line = public_line(keys.ssh.public_key())
        self._renewal = Renewal(
            installation.settings.keys, keys.ssh_certificate, line, WallClock()
        )
        self._gate = LinkGate(installation.published.policy, WallClock())
        self._held: tuple[Hold, int] | None = None
        self._insisted = threading.Event()
        self._dialling = self._wanted()
        self._uplink = Uplink(self._client(self._dialling))
        self._driver, self._visits = self._sessions(self._dialling.parent)
        self._agent = Agent(self, upstream.interval_s, self._note)
        self._told_at = 0
        self._network = NetworkWatch(self._network_changed)
        self._door = (
            LocalForward(self._uplink.tunnel, upstream.door.host, upstream.door.port)
            if upstream.door
            else None
        )

    @property
    def driver(self) -> UpstreamDriver:
        """What holds the sessions, for who holds one without the agent."""
        return self._driver

    def close(self) -> None:
        """Close the tunnel; for who never started the rest."""
        self._uplink.close()

    @property
    def agent(self) -> Agent:
        """The thread that holds the sessions."""
        return self._agent

    def status(self) -> SyncStatus:
        """Return how the link stands, for the sync light."""
        status, held = self._driver.status(), self._held
        if held is None:
            return status
        hold, until_ms = held
        return replace(status, state="held", held_by=hold.reason, held_until_ms=until_ms)

    def insist(self) -> None:
        """Hold a session now because a clerk wants it, if the policy allows that."""
        self._insisted.set()
        self._agent.poke()

    def run_once(self, *, asked: bool = False) -> SessionReport:
        """Hold one session with whoever is the hub above by now, if the policy allows it."""
        is_insisted = self._insisted.is_set()
        self._insisted.clear()
        hold = self._gate.begin(is_insisted=is_insisted)
        if hold is not None:
            return self._stay(hold)
        self._held = None
        self._follow()
        if self._renewal.is_due and self._renewal.renew(self._ask_for_certificate):
            self._follow()
        report = self._driver.run_once(asked=asked)
        if report.error_code == "forbidden":
            self._renewal.demand()
        return report

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

    def _stay(self, hold: Hold) -> SessionReport:
        """Not even the tunnel is kept: a link that is held may cost money by the byte."""
        if self._held is None:
            _log.info("the policy holds the link", extra={"by": hold.reason})
            if self._door is None:
                self._uplink.replace(self._client(self._dialling))
        self._held = (hold, WallClock().now_ms() + hold.wait_s * 1_000)
        return Tally().report("held", 0, min(hold.wait_s, LOOK_S_MAX) * 1_000)

    def _stream(self) -> PacedChannel:
        return self._gate.channel(self._uplink.stream())

    def _note(self, report: SessionReport) -> None:
        """After a whole session this store holds all that the hub above knows of it."""
        if report.outcome == "done":
            self._installation.casebook.refresh()
            self._installation.casebook.release()
            self._installation.mark.set(self._installation.store)
            if report.clock_offset_ms is not None:
                note_offset(self._installation.store, report.clock_offset_ms)
            self._tell_terminal()
        self._visits.after(report)

    def _tell_terminal(self) -> None:
        """Once for each tunnel: the hub compares, and shows when a device changed machines."""
        if self._told_at == self._uplink.dials:
            return
        self._told_at = self._uplink.dials
        teller = HttpTransport(
            self._stream, WallClock(), path=TERMINAL_PATH, content_type=TERMINAL_TYPE
        )
        parts = terminal_of(self._installation.station.device)
        try:
            teller.ask(json.dumps(parts).encode())
        except SyncError as error:
            _log.info("the hub was not told of the terminal", extra={"reason": str(error)})
        finally:
            teller.close()

    def _network_changed(self) -> None:
        """A new network may be the way up again: do not sit out the back-off of the old one."""
        self._uplink.network_changed()
        self._agent.poke()

    def _follow(self) -> None:
        """Dial differently from now on, if the registry or the certificate wants it."""
        try:
            wanted = self._wanted()
        except TunnelError as error:
            _log.warning("the hub above cannot be dialled", extra={"reason": str(error)})
            return
        if wanted == self._dialling:
            return
        before, self._dialling = self._dialling, wanted
        self._uplink.replace(self._client(wanted))
        if wanted.parent != before.parent:
            _log.info("this unit stands below another hub now", extra={"hub": wanted.parent})
            self._driver, self._visits = self._sessions(wanted.parent)

    def _wanted(self) -> Dialling:
        registry, unit = self._installation.registry, self._installation.station.unit
        configured = tuple((address.host, address.port) for address in self._upstream.addresses)
        parent, addresses = self._upstream.unit, configured
        stated = registry.unit(unit).parent
        if stated is not None and stated != parent:
            known = tuple(_address(text) for text in registry.unit(stated).gateways)
            if known:
                parent, addresses = stated, known
            else:
                _log.warning("no address of the new hub is known", extra={"hub": stated})
        hosts = tuple(
            device.host
            for device in registry.devices(parent)
            if device.host and registry.is_active(device.id)
        )
        if not hosts:
            raise TunnelError(f"the registry holds no host key of unit {parent}")
        return Dialling(parent, addresses, hosts, self._renewal.certificate)

    def _client(self, dialling: Dialling) -> TunnelClient:
        installation = self._installation
        identity = DeviceIdentity(
            installation.station.device, installation.keys.ssh, dialling.certificate
        )
        probing = Probing(interval_s=self._upstream.silence_s / SILENT_INTERVALS_MAX)
        settings = ClientSettings(probing=probing, proxy=self._upstream.proxy)
        return TunnelClient(dialling.addresses, identity, dialling.host_keys, settings)

    def _sessions(self, parent: str) -> tuple[UpstreamDriver, Visits]:
        installation, clock = self._installation, WallClock()
        store, station = installation.store, installation.station
        driver = UpstreamDriver(
            link=Link(unit=station.unit, device=station.device, parent=parent),
            store=store,
            gate=installation.gate(),
            transport=self._gate.transport(HttpTransport(self._stream, clock)),
            clock=clock,
            jitter=lambda: secrets.randbelow(1 << 30) / (1 << 30),
            on_stored=installation.casebook.refresh,
            holdings=installation.holdings,
        )
        alarms = Alarms(store, alarm_notes(installation.casebook.journal))
        child = ChildSide(
            store=store,
            registry=installation.registry,
            parent=parent,
            on_alarm=alarms,
            log=self._log,
            witness=self._witness,
            watch=HeadWatch(
                store=store,
                registry=installation.registry,
                unit=station.unit,
                parent=parent,
                clock=clock,
                on_alarm=alarms,
                on_behind=driver.doubt,
            ),
        )
        contact = HttpTransport(
            self._stream, clock, path=CONTACT_PATH, content_type=CONTACT_TYPE
        )
        return driver, Visits(child, contact, clock)

    def _ask_for_certificate(self, request: bytes) -> bytes:
        transport = HttpTransport(
            self._stream, WallClock(), path=PATH, content_type=CONTENT_TYPE
        )
        try:
            return transport.ask(request)
        finally:
            transport.close()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
