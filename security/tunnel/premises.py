"""What all sessions of one embedded gateway share."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paramiko import Ed25519Key

from security.tunnel.admission import Admission, Entrance, GatewaySettings, Reports
from security.tunnel.roster import Roster
from security.tunnel.watchdog import Watchdog

if TYPE_CHECKING:
    from security.tunnel.session import GatewaySession


@dataclass(frozen=True, slots=True)
class Premises:
    """The settings, the people who decide and are told, the key, and who else is here."""

    settings: GatewaySettings
    admission: Admission
    reports: Reports
    entrance: Entrance
    host_key: Ed25519Key = field(repr=False)
    roster: "Roster[GatewaySession]"
    watchdog: Watchdog
