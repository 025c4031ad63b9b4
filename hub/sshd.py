"""What `postroad hub sshd-config` and `sshd-check` do: set sshd up as the gateway, prove it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from security.errors import KeyFileError
from security.keystore import NodeKeys
from security.registry import Registry
from security.sshcert import issue_host_certificate, public_line
from security.tunnel import algorithms
from security.tunnel.admission import Admission, DeviceGateway, Entrance, Reports
from security.tunnel.openssh import krl, papers
from security.tunnel.openssh.gateway import OpensshGateway, OpensshSettings
from security.tunnel.restrictions import Finding, Subject, prove
from security.tunnel.wire import LOGIN
from sync.wallclock import WallClock
from web.errors import SettingsError
from web.opening import load_registry
from web.settings import Address, Settings, load_settings

HOST_CERTIFICATE_DAYS = 400
"""Devices pin the key itself; the certificate is for technicians and is written at each run."""

HUB_UNIT = "postroad-hub.service"

_DAY_S = 86_400
_CHECK_SERIAL = krl.NEVER_ISSUED - 1
_TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the folder, the version of the revocation list, and whom it names."""

    folder: Path
    krl_version: int
    revoked: tuple[str, ...]


def write_configuration(config: Path, out: Path) -> Written:
    """Write everything that sshd needs into a folder; run again after every revocation.

    Args:
        config: The hub's `config.toml`, with `[gateway] kind = "openssh"`.
        out: A folder that only root can write, such as `/etc/postroad/sshd`.

    Raises:
        SettingsError: The gateway of this hub is not OpenSSH.
        KeyFileError: The keys of a hub are not there.
        FormatError: The revocation list in place is newer than the registry here.
        OSError: The folder cannot be written.
    """
    settings, keys, registry = _opened(config)
    assert settings.gateway is not None
    assert settings.entry.sshd_folder is not None
    assert keys.host is not None
    assert keys.ssh_ca is not None
    now = WallClock().now_ms() // 1_000
    revoked = revoked_devices(registry)
    version = len(registry.statements())
    ca_public = keys.ssh_ca.public_key()
    content = krl.write_krl(
        krl.Revocations(version, now, revoked), ca_public.public_bytes_raw()
    )
    out.mkdir(mode=0o755, parents=True, exist_ok=True)
    before = (out / papers.KRL).read_bytes() if (out / papers.KRL).exists() else None
    content = krl.newer(content, before, revoked)
    layout = _layout(settings.gateway, settings.entry.sshd_folder, out)
    host_line = public_line(keys.host.public_key())
    certificate = issue_host_certificate(
        keys.ssh_ca,
        host_line,
        (settings.unit,),
        now - _DAY_S,
        now + HOST_CERTIFICATE_DAYS * _DAY_S,
    )
    host = keys.host.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    _put(out / papers.HOST_KEY, host, 0o600)
    _put(out / papers.HOST_CERTIFICATE, f"{certificate}\n".encode(), 0o644)
    _put(out / papers.CA, f"{public_line(ca_public)}\n".encode(), 0o644)
    _put(out / papers.KRL, content, 0o644)
    for name, (text, mode) in papers.papers(layout, HUB_UNIT).items():
        _put(out / name, text.encode(), mode)
    return Written(out, version, revoked)


def check_gateway(config: Path) -> Iterator[Finding]:
    """Try on the running gateway of a hub everything that it must refuse, one by one.

    The device played is the hub's own, which no unit uses to log in here.

    Raises:
        SettingsError, KeyFileError: As `write_configuration`.
    """
    settings, keys, _ = _opened(config, needs_openssh=False)
    assert settings.gateway is not None
    assert keys.ssh_ca is not None
    host = settings.gateway.host
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared only)
    yield from prove(
        Subject(
            address=(address, settings.gateway.port),
            authority=keys.ssh_ca,
            device=settings.device,
            serial=_CHECK_SERIAL,
            now=WallClock().now_ms() // 1_000,
        )
    )


def revoked_devices(registry: Registry) -> tuple[str, ...]:
    """All devices that the registry knows as revoked, in order."""
    return tuple(
        sorted(
            device.id
            for unit in registry.units()
            for device in registry.devices(unit.code)
            if registry.revoked_after(device.id) is not None
        )
    )


def openssh_gateway(
    folder: Path, admission: Admission, entrance: Entrance, reports: Reports
) -> DeviceGateway:
    """The gateway of a hub whose tunnels sshd carries; `folder` is where the two meet.

    Raises:
        SettingsError: There is no account for sshd's sessions, or the system is not Linux.
        ListenError: The folder cannot be used.
    """
    settings = OpensshSettings(folder, account_uid())
    return OpensshGateway(settings, admission, entrance, reports)


def account_uid() -> int:
    """The account of sshd's sessions.

    Raises:
        SettingsError: It does not exist on this machine.
    """
    try:
        import pwd  # noqa: PLC0415 (absent on Windows, where sshd is no gateway)

        return pwd.getpwnam(LOGIN).pw_uid
    except (ImportError, KeyError) as error:
        raise SettingsError(
            f"there is no account {LOGIN} on this machine",
            hint="Run account.sh, which `postroad hub sshd-config` wrote, as root.",
        ) from error


def _layout(listening: Address, run: Path, out: Path) -> papers.Layout:
    return papers.Layout(
        host=listening.host,
        port=listening.port,
        folder=str(out.resolve()),
        run=str(run),
        python=shutil.which("python3", path=_TOOLS) or "/usr/bin/python3",
        key_exchanges=_key_exchanges(),
    )


def _opened(config: Path, *, needs_openssh: bool = True) -> tuple[Settings, NodeKeys, Registry]:
    settings = load_settings(config)
    if settings.gateway is None or (needs_openssh and settings.entry.sshd_folder is None):
        raise SettingsError(
            f'{config}: this hub has no [gateway] with kind = "openssh"',
            hint="Set gateway.kind and gateway.sshd_folder first.",
        )
    keys = NodeKeys.load(settings.keys)
    if keys.host is None or keys.ssh_ca is None:
        raise KeyFileError(f"{settings.keys}: the keys of a hub are not there")
    return settings, keys, load_registry(settings)


def _key_exchanges() -> tuple[str, ...]:
    """Those of ours that the OpenSSH of this machine knows; others keep it from starting."""
    ssh = shutil.which("ssh", path=_TOOLS)
    if ssh is None:
        return tuple(name for name in algorithms.KEY_EXCHANGES if name.startswith("curve"))
    asked = subprocess.run(
        [ssh, "-Q", "kex"], capture_output=True, text=True, check=False, timeout=10
    )
    known = asked.stdout.split()
    return tuple(name for name in algorithms.KEY_EXCHANGES if name in known)


def _put(path: Path, content: bytes, mode: int) -> None:
    """Write a file so that sshd sees the old one or the new one, and never half of it."""
    partial = path.with_name(f".{path.name}.new")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.chmod(mode)
    partial.replace(path)
