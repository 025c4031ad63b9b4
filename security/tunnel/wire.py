"""The SSH connection itself: paramiko's transport, narrowed and bounded for both ends.

It reaches into parts of paramiko 5.1.0 that are not public, because the limits that are missing
there cannot be set from outside; the version is pinned, and the tests cover each of them.
"""

import logging
import socket
import time
from collections.abc import Callable
from threading import Event, current_thread
from typing import Final, cast

from paramiko import Channel, Message, SSHException, Transport
from paramiko.common import (
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EXTENDED_DATA,
    cMSG_DISCONNECT,
    cMSG_GLOBAL_REQUEST,
)
from paramiko.packet import Packetizer

from security.tunnel import algorithms
from security.tunnel.accounting import TerminateCause
from security.tunnel.link import LinkSocket
from security.tunnel.watchdog import Probing

# The name under which every device logs in; who it is, its certificate says. Under OpenSSH it
# is an account of the hub that may do nothing but forward.
LOGIN: Final = "postroad-tunnel"

# What fits into one SSH packet of the default size, so that no piece is split.
PIECE_BYTES: Final = 32768 - 64

# RFC 4253 section 6.1 wants 35,000 bytes to be taken; our packets have 32 KiB and a header.
_PACKET_BYTES_MAX: Final = 64 * 1024

# paramiko remembers every channel number it ever saw; late messages come for recent ones only.
_RECENT_CHANNELS_MAX: Final = 1024

# RFC 4253 section 11.1.
_DISCONNECT_BY_APPLICATION: Final = 11

# Messages of the connection protocol start here, RFC 4250 section 4.1.2.
_CONNECTION_MESSAGE_MIN: Final = 80

# Answers that wait for the end of a key exchange; a peer that provokes more is an attacker.
_HELD_MAX: Final = 1024

_wire_log = logging.getLogger("security.tunnel.wire")


class _BoundedPacketizer(Packetizer):
    """Reads packets of a limited size, and calls `quiet` between them and while none come."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.quiet: Callable[[], None] = _nothing

    def start_handshake(self, timeout: float) -> None:
        """Start no timer thread: our own deadlines cover the handshake and the login."""

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:  # noqa: FBT001, FBT002 (paramiko's)
        if n > _PACKET_BYTES_MAX:
            raise SSHException("a packet is longer than allowed")
        return super().read_all(n, check_rekey)

    def read_message(self) -> tuple[int, Message]:
        """Look around between messages too: who never stops talking must still be probed."""
        read = super().read_message()
        self.quiet()
        return read

    def _check_keepalive(self) -> None:
        self.quiet()


class _RecentChannels(dict[int, bool]):
    def __setitem__(self, number: int, seen: bool) -> None:
        super().__setitem__(number, seen)
        if len(self) > _RECENT_CHANNELS_MAX:
            del self[next(iter(self))]


def _feed_bounded(channel: Channel, message: Message) -> None:
    """Take data for a channel up to its window: paramiko would take any amount."""
    content = message.get_binary()
    if len(channel.in_buffer) + len(content) > channel.in_window_size:
        raise SSHException("the peer sent more than the window of a channel")
    channel.in_buffer.feed(content)


def _refuse_extended(_channel: Channel, _message: Message) -> None:
    raise SSHException("the peer sent extended data, which no tunnel has")


class WireTransport(Transport):
    """An SSH connection with our algorithms, limits, probes and log, at either end."""

    _preferred_ciphers = algorithms.CIPHERS
    _preferred_macs = algorithms.MACS
    _preferred_keys = algorithms.KEYS
    _preferred_pubkeys = algorithms.KEYS
    _preferred_kex = algorithms.KEY_EXCHANGES
    _preferred_compression = algorithms.COMPRESSIONS
    _CLIENT_ID = "postroad"
    _channel_handler_table = {  # noqa: RUF012 (paramiko's; never changed)
        **Transport._channel_handler_table,  # type: ignore[attr-defined]  # noqa: SLF001 (see head)
        MSG_CHANNEL_DATA: _feed_bounded,
        MSG_CHANNEL_EXTENDED_DATA: _refuse_extended,
    }

    def __init__(self, link: LinkSocket, *, window_bytes: int, probing: Probing) -> None:
        super().__init__(
            cast("socket.socket", link),
            default_window_size=window_bytes,
            packetizer_class=_BoundedPacketizer,
        )
        self.link = link
        self.channels_seen = _RecentChannels()
        self.set_log_channel(_wire_log.name)
        self.said_goodbye = False
        self.probes = 0
        self.answers = 0
        self._asked_at = time.monotonic()
        self._proof_wanted = Event()
        self._proof_at: int | None = None
        self._is_probing = False
        self._probing = probing
        self._held: list[Message] = []
        cast("_BoundedPacketizer", self.packetizer).quiet = self._look_around

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """The kinds of host keys: plain ones, since the registry vouches and no certificate."""
        return algorithms.KEYS

    @property
    def algorithm_names(self) -> str:
        """What was agreed on, for the record of the session."""
        return f"{self.host_key_type} {self.local_cipher}"

    def run(self) -> None:
        """Read until the end of the connection, then call `ended`, whatever the end was."""
        try:
            super().run()
        finally:
            self.link.close()
            self.ended()

    def ended(self) -> None:
        """The connection is over; called once, in the thread of the connection."""

    def proved_alive(self) -> None:
        """The peer answered what was asked after `demand_proof`; called in our own thread."""

    def begin_probing(self) -> None:
        """From now on ask a silent peer for replies; not before the login, as sshd hangs up."""
        self._is_probing = True

    def demand_proof(self) -> None:
        """Have a probe sent at the next quiet moment; its answer calls `proved_alive`.

        An answer to an earlier probe, still on its way, proves nothing and does not count.
        """
        self._proof_wanted.set()

    def end_cause(self) -> TerminateCause:
        """Why the connection ended, to be asked when it has."""
        if self.link.cause is not None:
            return self.link.cause
        if self.said_goodbye:
            return TerminateCause.USER_REQUEST
        if isinstance(self.saved_exception, SSHException):
            return TerminateCause.USER_ERROR
        return TerminateCause.LOST_CARRIER

    def say_goodbye(self) -> None:
        """Tell the peer that this end is meant; may block on a stalled link.

        Raises:
            EOFError: The link is gone already.
        """
        message = Message()
        message.add_byte(cMSG_DISCONNECT)
        message.add_int(_DISCONNECT_BY_APPLICATION)
        message.add_string("goodbye")
        message.add_string("en")
        self.packetizer.send_message(message)

    def _look_around(self) -> None:
        """Probe if it is time, but not behind a write that is stuck."""
        since = min(self.link.silence_s(), time.monotonic() - self._asked_at)
        due = self._proof_wanted.is_set() or since >= self._probing.interval_s
        if not due or not self._is_probing or self.in_kex or self.link.is_sending:
            return
        self._asked_at = time.monotonic()
        self.probes += 1
        if self._proof_wanted.is_set():
            self._proof_wanted.clear()
            self._proof_at = self.probes
        message = Message()
        message.add_byte(cMSG_GLOBAL_REQUEST)
        message.add_string("keepalive@postroad")
        message.add_boolean(True)  # noqa: FBT003 (want a reply)
        self.packetizer.send_message(message)

    def _send_message(self, message: Message) -> None:
        """Send, but hold answers back while keys are exchanged anew.

        RFC 4253 section 7.1 forbids them there; paramiko sends them all the same, and at the
        other end takes them for a broken key exchange and hangs up.
        """
        if not self.clear_to_send.is_set() and message.asbytes()[0] >= _CONNECTION_MESSAGE_MIN:
            if len(self._held) >= _HELD_MAX:
                raise SSHException("the peer asks too much during a key exchange")
            self._held.append(message)
        else:
            self.packetizer.send_message(message)

    def _send_user_message(self, message: Message) -> None:
        """Send from any thread; the reading thread itself must never wait for new keys."""
        if current_thread() is self:
            self._send_message(message)
        else:
            super()._send_user_message(message)  # type: ignore[misc]  # not in the stubs

    def _parse_newkeys(self, message: Message) -> None:
        super()._parse_newkeys(message)  # type: ignore[misc]  # not in the stubs
        held, self._held = self._held, []
        for answer in held:
            self.packetizer.send_message(answer)

    def _parse_request_success(self, _message: Message) -> None:
        self._count_answer()

    def _parse_request_failure(self, _message: Message) -> None:
        self._count_answer()

    def _count_answer(self) -> None:
        """Answers come in the order of the questions, RFC 4254 section 4."""
        self.answers += 1
        if self._proof_at is not None and self.answers >= self._proof_at:
            self._proof_at = None
            self.proved_alive()

    def _parse_disconnect(self, _message: Message) -> None:
        self.said_goodbye = True

    def _log(self, _level: int, lines: str | list[str], *arguments: object) -> None:
        """Paramiko reports every refused peer as an error, with a traceback; we sum up."""
        if _wire_log.isEnabledFor(logging.DEBUG):
            for line in lines if isinstance(lines, list) else [lines]:
                _wire_log.debug("%s", line % arguments if arguments else line)


def _nothing() -> None:
    """Stand in until the transport is built."""
