"""The gateway of a hub, of the kind that its settings name, with its accounts."""

from collections.abc import Callable

from hub.access import Admitted, PublishedPolicy, judge_of
from hub.accounting import Accountant, GatewayPart
from hub.enrolment import Enrolments
from hub.ledger import SessionLedger
from hub.sshd import openssh_gateway
from security.errors import KeyFileError, TrustError
from security.tunnel.admission import Admission, DeviceGateway, Entrance, GatewaySettings
from security.tunnel.gateway import Gateway
from security.tunnel.openssh.krl import NEVER_ISSUED
from sync.wallclock import WallClock
from web.opening import Installation
from web.settings import Address

LEDGER_FILE = "accounting.sqlite"


class Doorway:
    """What stands between the units below and the API of a hub."""

    def __init__(self, installation: Installation, enrolments: Enrolments) -> None:
        """Open the accounts.

        Raises:
            RecordingError: They cannot be used.
        """
        clock = WallClock()
        self._installation = installation
        self._enrolments = enrolments
        self._now: Callable[[], int] = lambda: clock.now_ms() // 1_000
        self.ledger = SessionLedger(installation.settings.data / LEDGER_FILE)
        self.accountant = Accountant(self.ledger, installation.casebook.journal, self._now)
        station = installation.station
        self._judge = judge_of(
            installation.registry,
            (station.unit, station.device),
            PublishedPolicy(installation.published.policy),
            self._now,
        )

    def open(self, address: Address, entrance: Entrance) -> GatewayPart:
        """The gateway at an address, handing devices over to the entrance of the API.

        Raises:
            KeyFileError: The keys of a hub are not there.
            ListenError, SettingsError: It cannot work as the settings say.
        """
        entry = self._installation.settings.entry
        return GatewayPart(
            self._gateway(address, entrance),
            self.accountant,
            self.ledger,
            self._judge_live,
            entry.interim_s,
            entry.retention_days,
        )

    def _gateway(self, address: Address, entrance: Entrance) -> DeviceGateway:
        keys, folder = self._installation.keys, self._installation.settings.entry.sshd_folder
        if keys.host is None or keys.ssh_ca is None:
            raise KeyFileError(
                f"{self._installation.settings.keys}: the keys of a hub are not there"
            )
        admission = Admission(
            ca_public=keys.ssh_ca.public_key().public_bytes_raw(),
            authorise=lambda device, _certificate: self._judged(device),
            now=self._now,
            authorise_lapsed=self._judged_lapsed,
            authorise_newcomer=self._enrolments.authorise,
            # Under OpenSSH its own list refuses this one, which proves that it is in use.
            revoked_serials=lambda: () if folder else (NEVER_ISSUED,),
            targets=lambda device: self._judge(device).targets,
            rate_bytes_s=lambda device: self._judge(device).rate_bytes_s,
        )
        reports = self.accountant.reports()
        if folder is not None:
            return openssh_gateway(folder, admission, entrance, reports)
        settings = GatewaySettings(address.host, address.port)
        return Gateway(settings, keys.host, admission, entrance, reports)

    def _judged_lapsed(self, device: str, ssh: str) -> None:
        """Let a device in to ask for a certificate, if the registry states this key for it."""
        registry, unit = self._installation.registry, self._installation.station.unit
        known = registry.device(device)
        if registry.unit(known.unit).parent != unit:
            raise TrustError(f"device {device} does not belong to a unit below this one")
        if not registry.is_active(device) or known.ssh != ssh:
            raise TrustError(f"device {device} is not to get another certificate")

    def _judged(self, device: str) -> None:
        self._judge(device)
        self._enrolments.close(device)

    def _judge_live(self, device: str) -> Admitted:
        """Judge a session that is live; one by token goes on as long as the token is open."""
        if self._enrolments.is_open(device):
            return Admitted(targets=())
        return self._judge(device)
