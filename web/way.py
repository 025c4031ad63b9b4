"""How this installation dials the hub above, from its settings, its keys and the registry."""

import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from security.errors import KeyFileError
from security.keystore import NodeKeys
from security.registry import Registry
from security.tunnel.client import ClientSettings, DeviceIdentity
from security.tunnel.errors import TunnelError
from security.tunnel.trial import Way
from security.tunnel.watchdog import SILENT_INTERVALS_MAX, Probing
from sync.wallclock import WallClock
from web.errors import SettingsError
from web.opening import load_registry
from web.settings import Address, Settings, load_settings

_LOCAL_S = 2.0


def way_of(config: Path, addresses: Sequence[tuple[str, int]] = ()) -> Way:
    """What `postroad link test` tries; addresses take the place of those in the settings.

    Raises:
        SettingsError: There is no hub above, or the settings cannot be used.
        KeyFileError, TrustError, TunnelError: Keys or registry cannot be used.
    """
    settings = load_settings(config)
    if settings.upstream is None:
        raise SettingsError(f"{config}: there is no [upstream], and so no way to try")
    keys = NodeKeys.load(settings.keys)
    way = _way(settings, keys, load_registry(settings), addresses)
    return replace(way, is_running=_answers(settings.pages))


def _way(
    settings: Settings,
    keys: NodeKeys,
    registry: Registry,
    addresses: Sequence[tuple[str, int]] = (),
) -> Way:
    upstream, clock = settings.upstream, WallClock()
    assert upstream is not None
    if keys.ssh_certificate is None:
        raise KeyFileError(f"{settings.keys}: there is no certificate to log in with")
    hosts = [device.host for device in registry.devices(upstream.unit) if device.host]
    if not hosts:
        raise TunnelError(f"the registry holds no host key of unit {upstream.unit}")
    probing = Probing(interval_s=upstream.silence_s / SILENT_INTERVALS_MAX)
    return Way(
        addresses or [(address.host, address.port) for address in upstream.addresses],
        DeviceIdentity(settings.device, keys.ssh, keys.ssh_certificate),
        hosts,
        ClientSettings(probing=probing, proxy=upstream.proxy),
        lambda: clock.now_ms() // 1_000,
    )


def _answers(address: Address) -> bool:
    """Whether the pages of this installation are served, so that its program runs."""
    try:
        socket.create_connection((address.host, address.port), _LOCAL_S).close()
    except OSError:
        return False
    return True
