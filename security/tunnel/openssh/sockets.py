"""What the Linux kernel knows of one TCP connection: its account and its octets.

Asked over netlink (sock_diag(7)), which any account may do; nothing of /proc is searched.
"""

import os
import socket
import struct
from dataclasses import dataclass
from typing import Final

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NLM_F_REQUEST: Final = 1
_NLMSG_ERROR: Final = 2
_INET_DIAG_INFO: Final = 2
_TCP_ESTABLISHED: Final = 1
_ALL_STATES: Final = 0xFFFFFFFF

_HEADER: Final = struct.Struct("=IHHII")
_REQUEST: Final = struct.Struct("=BBBxI")
_NO_COOKIE: Final = b"\xff" * 8
_ATTRIBUTE: Final = struct.Struct("=HH")
# struct inet_diag_msg: family, state, timer, retrans, id, expires, rqueue, wqueue, uid, inode.
_ANSWER: Final = struct.Struct("=BBBB48sIIIII")
# Offsets of tcpi_bytes_acked and tcpi_bytes_received in struct tcp_info.
_BYTES_ACKED_AT: Final = 120
_BYTES_RECEIVED_AT: Final = 128

_ANSWER_BYTES: Final = 8192

Endpoint = tuple[str, int]


@dataclass(frozen=True, slots=True)
class SocketState:
    """One end of a TCP connection: the account that made it, and the octets it has carried.

    Of one that is being closed the kernel may no longer tell the account: look at `is_open`.
    """

    uid: int
    octets_in: int
    octets_out: int
    is_open: bool


def connection(local: Endpoint, remote: Endpoint) -> SocketState | None:
    """The state of the connection whose own end is `local`; None if there is none."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as netlink:
        netlink.settimeout(1.0)
        netlink.send(_question(local, remote))
        answer = netlink.recv(_ANSWER_BYTES)
    return _state(answer)


def _question(local: Endpoint, remote: Endpoint) -> bytes:
    family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
    body = _REQUEST.pack(family, socket.IPPROTO_TCP, 1 << (_INET_DIAG_INFO - 1), _ALL_STATES)
    body += struct.pack("!HH", local[1], remote[1])
    body += _packed(family, local[0]) + _packed(family, remote[0])
    body += struct.pack("=I", 0) + _NO_COOKIE
    length = _HEADER.size + len(body)
    return _HEADER.pack(length, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, os.getpid()) + body


def _packed(family: socket.AddressFamily, host: str) -> bytes:
    return socket.inet_pton(family, host).ljust(16, b"\0")


def _state(answer: bytes) -> SocketState | None:
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    if kind == _NLMSG_ERROR:
        return None
    fields = _ANSWER.unpack_from(answer, _HEADER.size)
    info = _attribute(answer, _HEADER.size + _ANSWER.size)
    octets_out, octets_in = 0, 0
    if len(info) >= _BYTES_RECEIVED_AT + 8:
        (octets_out,) = struct.unpack_from("=Q", info, _BYTES_ACKED_AT)
        (octets_in,) = struct.unpack_from("=Q", info, _BYTES_RECEIVED_AT)
    return SocketState(fields[8], octets_in, octets_out, is_open=fields[1] == _TCP_ESTABLISHED)


def _attribute(answer: bytes, start: int) -> bytes:
    while start + _ATTRIBUTE.size <= len(answer):
        length, kind = _ATTRIBUTE.unpack_from(answer, start)
        if length < _ATTRIBUTE.size:
            return b""
        if kind == _INET_DIAG_INFO:
            return answer[start + _ATTRIBUTE.size : start + length]
        start += (length + 3) & ~3
    return b""
