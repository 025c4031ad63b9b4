"""Tells when the network of this machine has changed, so that a dead link is redialled at once.

Linux tells by itself (rtnetlink(7)); elsewhere the address from which packets would leave is
looked at every few seconds.
"""

import socket
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

# RTMGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR and IPV6_ROUTE of linux/rtnetlink.h.
_GROUPS: Final = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
_MESSAGE_BYTES: Final = 65536

# A modem that comes up causes a burst of messages: one change is told when it is over.
_SETTLED_S: Final = 0.5
_BURST_S_MAX: Final = 3.0

# A link that flaps must not make every outpost dial every second.
_PAUSE_S: Final = 5.0

_POLL_S: Final = 5.0
_LOOK_S: Final = 1.0
_STOP_S: Final = 3.0

# Nothing is sent there: the system is asked from which address it would be (RFC 5737, 3849).
_FAR: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
_DISCARD: Final = 9


class NetworkWatch:
    """Calls `changed`, in its own thread, after each change of addresses, routes or links."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._is_stopping = Event()
        self._netlink = _netlink()
        self._thread = Thread(target=self._run, name="network-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._is_stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
        if self._netlink is not None:
            self._netlink.close()

    def _run(self) -> None:
        wait = self._wait_told if self._netlink is not None else self._wait_polled
        while not self._is_stopping.is_set():
            if wait():
                self._changed()
                self._is_stopping.wait(_PAUSE_S)

    def _wait_told(self) -> bool:
        """Whether the system told of a change; waits until a burst is over."""
        assert self._netlink is not None
        if not _hears(self._netlink, _LOOK_S):
            return False
        until = time.monotonic() + _BURST_S_MAX
        while time.monotonic() < until and _hears(self._netlink, _SETTLED_S):
            pass
        return True

    def _wait_polled(self) -> bool:
        before = leaving_addresses()
        self._is_stopping.wait(_POLL_S)
        return leaving_addresses() != before


def leaving_addresses() -> tuple[str, ...]:
    """The own addresses from which packets to far away would leave; none without a route."""
    found = []
    for family, far in _FAR:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((far, _DISCARD))
                found.append(str(probe.getsockname()[0]))
            except OSError:
                continue
    return tuple(found)


def is_own_address(host: str) -> bool:
    """Whether an address still belongs to this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def _netlink() -> socket.socket | None:
    if not hasattr(socket, "AF_NETLINK"):
        return None
    try:
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        netlink.bind((0, _GROUPS))
    except OSError:  # a container may forbid it
        return None
    return netlink


def _hears(netlink: socket.socket, within_s: float) -> bool:
    netlink.settimeout(within_s)
    try:
        netlink.recv(_MESSAGE_BYTES)
    except TimeoutError:
        return False
    except OSError:  # more was told than fits: something has changed for certain
        return True
    return True
