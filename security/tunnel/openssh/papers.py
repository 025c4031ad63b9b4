"""The files that make Debian's sshd the gateway of a hub; texts only, pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from security.tunnel import algorithms
from security.tunnel.wire import LOGIN

CONFIG: Final = "sshd_config"
CA: Final = "ca.pub"
HOST_KEY: Final = "host"
HOST_CERTIFICATE: Final = "host-cert.pub"
KRL: Final = "revoked.krl"
COMMAND: Final = "principals"
UNIT: Final = "postroad-sshd.service"
ACCOUNT: Final = "account.sh"


_FOR_EVERY_HUB: Final = """\
PidFile none
# Who may log in: one account that can do nothing, by certificate alone.
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
GSSAPIAuthentication no
PermitRootLogin no
UsePAM no
AuthorizedKeysFile none
HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com,ssh-ed25519
PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com
CASignatureAlgorithms ssh-ed25519
# What a device may do: reach the addresses that the principals command permits.
AllowTcpForwarding local
PermitListen none
GatewayPorts no
AllowStreamLocalForwarding no
AllowAgentForwarding no
X11Forwarding no
PermitTunnel no
PermitTTY no
PermitUserRC no
PermitUserEnvironment no
ForceCommand /bin/false
MaxSessions 0
# Limits, the same as those of the embedded gateway.
MaxAuthTries 2
MaxStartups 64
PerSourceMaxStartups 32
TCPKeepAlive no
RekeyLimit 1G 1h
Compression no
UseDNS no
# The hub follows the log: it is how sessions are accounted for.
SyslogFacility AUTH
LogLevel VERBOSE
PrintMotd no
PrintLastLog no
VersionAddendum none
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where sshd listens and where its files lie; absolute paths.

    `run` is the folder of the hub's sockets, `python` the interpreter of the principals
    command, `key_exchanges` those of ours that this sshd knows: it does not start with others.
    """

    host: str
    port: int
    folder: str
    run: str
    python: str
    key_exchanges: tuple[str, ...]
    login_deadline_s: int = 30
    alive_interval_s: int = 20
    alive_count_max: int = 3
    unused_s: int = 900


def sshd_config(layout: Layout) -> str:
    """The configuration: certificates of the hub's authority, two addresses, nothing else."""
    at = layout.folder
    own = (
        "# Written by `postroad hub sshd-config`; changes are lost.",
        f"ListenAddress {_bracketed(layout.host)}:{layout.port}",
        f"HostKey {at}/{HOST_KEY}",
        f"HostCertificate {at}/{HOST_CERTIFICATE}",
        f"AllowUsers {LOGIN}",
        f"TrustedUserCAKeys {at}/{CA}",
        f"RevokedKeys {at}/{KRL}",
        f"AuthorizedPrincipalsCommand {at}/{COMMAND} %k",
        f"AuthorizedPrincipalsCommandUser {LOGIN}",
        f"LoginGraceTime {layout.login_deadline_s}",
        f"ClientAliveInterval {layout.alive_interval_s}",
        f"ClientAliveCountMax {layout.alive_count_max}",
        f"UnusedConnectionTimeout {layout.unused_s}",
        f"Ciphers {','.join(algorithms.CIPHERS)}",
        f"KexAlgorithms {','.join(layout.key_exchanges)}",
        f"MACs {','.join(algorithms.MACS)}",
    )
    return "\n".join(own) + "\n" + _FOR_EVERY_HUB


def principals_command(layout: Layout) -> str:
    """The program that sshd asks at every login; it only passes the question on."""
    return f'''#!{layout.python} -IS
"""Passes the certificate of a login on to the hub and prints its answer, if it gives one."""

import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hub:
    hub.settimeout(5)
    hub.connect("{layout.run}/admission.sock")
    hub.sendall(sys.argv[1].encode() + b"\\n")
    while piece := hub.recv(8192):
        sys.stdout.buffer.write(piece)
'''


def systemd_unit(layout: Layout, hub_unit: str) -> str:
    """The unit of sshd: bound to the hub's own, with the hub's log socket as its /dev/log."""
    return f"""# Written by `postroad hub sshd-config`.
[Unit]
Description=OpenSSH as the gateway of a Postroad hub
# Sessions that the hub does not know of are not accounted for: sshd ends with the hub.
BindsTo={hub_unit}
After=network.target {hub_unit}

[Service]
ExecStartPre=/usr/sbin/sshd -t -f {layout.folder}/{CONFIG}
ExecStart=/usr/sbin/sshd -D -f {layout.folder}/{CONFIG}
RuntimeDirectory=sshd
BindPaths={layout.run}/log.sock:/dev/log
KillMode=control-group
Restart=on-failure
RestartSec=5
# What the privileged process of sshd needs, and no more.
CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_SYS_CHROOT CAP_NET_BIND_SERVICE CAP_KILL \
CAP_AUDIT_WRITE CAP_DAC_READ_SEARCH
ProtectSystem=strict
ProtectHome=yes
PrivateDevices=no
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
MemoryDenyWriteExecute=yes
TasksMax=2048

[Install]
WantedBy={hub_unit}
"""


def account_script() -> str:
    """Shell commands that make the account of sshd's sessions, once and as root.

    A locked password would keep sshd from letting anybody in; `*` is no password at all.
    """
    return f"""#!/bin/sh
# Written by `postroad hub sshd-config`: makes the account under which sshd serves tunnels.
set -eu
getent passwd {LOGIN} >/dev/null ||
  useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin {LOGIN}
usermod --password '*' {LOGIN}
"""


def papers(layout: Layout, hub_unit: str) -> Mapping[str, tuple[str, int]]:
    """All files that hold no key, by name, with text and mode."""
    return {
        CONFIG: (sshd_config(layout), 0o644),
        COMMAND: (principals_command(layout), 0o755),
        UNIT: (systemd_unit(layout, hub_unit), 0o644),
        ACCOUNT: (account_script(), 0o755),
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
