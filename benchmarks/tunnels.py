"""Tunnels through both gateways: throughput, processor time, connecting, and 500 idle ones.

Gateway, sink and devices are processes of their own on loopback. Processor seconds are those
of the gateway; the embedded one swallows what arrives in its process, sshd hands it to another.
sshd is measured as root on Linux, in a mount namespace that holds its account.
"""

import multiprocessing
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from security.sshcert import issue_user_certificate, public_line
from security.tunnel.admission import Admission, GatewaySettings
from security.tunnel.client import DeviceIdentity, Tunnel, TunnelClient
from security.tunnel.gateway import Gateway
from security.tunnel.targets import Caller, Target, address_of
from security.tunnel.wire import LOGIN

TUNNELS: Final = (1, 8, 64)
BYTES: Final = 256_000_000
CONNECTS: Final = 30
IDLE: Final = 500
IDLE_S: Final = 20.0
CLIENT_PROCESSES: Final = 4
ACCOUNT_UID: Final = 61185

_PIECE: Final = 1 << 18
_READY_S: Final = 20.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_FORK: Final = multiprocessing.get_context("fork")

_SSHD: Final = """
set -e
folder=$1; uid=$2; login=$3
for name in passwd group shadow; do cp /etc/$name $folder/$name; done
echo "$login:x:$uid:$uid::/nonexistent:/usr/sbin/nologin" >> $folder/passwd
echo "$login:x:$uid:" >> $folder/group
echo "$login:*:19000:0:99999:7:::" >> $folder/shadow
for name in passwd group shadow; do mount --bind $folder/$name /etc/$name; done
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd
exec /usr/sbin/sshd -D -f $folder/sshd_config
"""


@dataclass(frozen=True, slots=True)
class Site:
    """What devices need to know of a gateway, and the process whose cost is measured."""

    address: tuple[str, int]
    ca: Ed25519PrivateKey
    host_line: str
    pid: int

    def identity(self, number: int) -> DeviceIdentity:
        """A device of its own for each number from 1."""
        key = Ed25519PrivateKey.generate()
        now = int(time.time())  # noqa: TID251 (sshd uses the machine's clock)
        device = f"120103{number // 900 + 1:03d}{number % 900 + 1:03d}-01"
        line = issue_user_certificate(
            self.ca, public_line(key.public_key()), device, number, now - 600, now + 86_400
        )
        return DeviceIdentity(device, key, line)

    def client(self, number: int) -> TunnelClient:
        """A dialler of one device."""
        return TunnelClient([self.address], self.identity(number), [self.host_line])


def run() -> dict[str, object]:
    """Measure; rows for each gateway."""
    rows: list[dict[str, object]] = []
    connects: list[dict[str, object]] = []
    gateways: dict[str, Callable[[], Any]] = {"embedded": embedded}
    if os.geteuid() == 0 and shutil.which("sshd", path="/usr/sbin"):
        gateways["openssh"] = openssh
    for name, start in gateways.items():
        with start() as site:
            connects.append({"gateway": name} | connecting(site))
        for count in TUNNELS:
            with start() as site:
                rows.append({"gateway": name, "tunnels": count} | pouring(site, count))
    with embedded() as site:
        idle = resting(site)
    return {"upload": rows, "connect": connects, "idle": [idle]}


def connecting(site: Site) -> dict[str, object]:
    """Milliseconds from dialling to a tunnel that is logged in: median and worst."""
    taken = []
    for number in range(1, CONNECTS + 1):
        client = site.client(number)
        began = time.perf_counter()
        tunnel = client.connect()
        taken.append((time.perf_counter() - began) * 1_000)
        tunnel.close()
    taken.sort()
    return {"median_ms": round(taken[len(taken) // 2], 1), "worst_ms": round(taken[-1], 1)}


def pouring(site: Site, count: int) -> dict[str, object]:
    """So many tunnels send `BYTES` in sum, at once."""
    processes = min(count, CLIENT_PROCESSES)
    barrier = _FORK.Barrier(processes + 1)
    workers = [
        _FORK.Process(
            target=_pour,
            args=(site, range(1 + index, count + 1, processes), BYTES // count, barrier),
        )
        for index in range(processes)
    ]
    for worker in workers:
        worker.start()
    barrier.wait(_READY_S * 3)
    before = cpu_s(site.pid)
    began = time.perf_counter()
    barrier.wait(600)
    took = time.perf_counter() - began
    # While the sessions still live: sshd does not add up those that have ended.
    used = cpu_s(site.pid) - before
    barrier.wait(_READY_S)
    for worker in workers:
        worker.join()
    gigabytes = BYTES / 1e9
    return {
        "mb_per_s": round(BYTES / 1e6 / took),
        "gateway_cpu_s_per_gb": round(used / gigabytes, 2),
    }


def resting(site: Site) -> dict[str, object]:
    """The memory and processor share of `IDLE` tunnels that say nothing."""
    memory = rss_mb(site.pid)
    done, barrier = _FORK.Event(), _FORK.Barrier(CLIENT_PROCESSES + 1)
    workers = [
        _FORK.Process(
            target=_rest,
            args=(site, range(1 + index, IDLE + 1, CLIENT_PROCESSES), barrier, done),
        )
        for index in range(CLIENT_PROCESSES)
    ]
    for worker in workers:
        worker.start()
    barrier.wait(300)
    pause = threading.Event()
    pause.wait(3)
    before = cpu_s(site.pid)
    pause.wait(IDLE_S)
    used = cpu_s(site.pid) - before
    grown = rss_mb(site.pid) - memory
    done.set()
    for worker in workers:
        worker.join()
    return {
        "tunnels": IDLE,
        "gateway_mb": round(grown, 1),
        "gateway_core_percent": round(100 * used / IDLE_S, 1),
    }


@contextmanager
def embedded() -> Iterator[Site]:
    """A gateway process of ours."""
    ca, host = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    here, there = _FORK.Pipe()
    process = _FORK.Process(target=_serve_embedded, args=(ca, host, there))
    process.start()
    try:
        assert process.pid is not None
        yield Site(here.recv(), ca, public_line(host.public_key()), process.pid)
    finally:
        here.send("stop")
        process.join()


def _serve_embedded(ca: Ed25519PrivateKey, host: Ed25519PrivateKey, told: Any) -> None:  # noqa: ANN401
    def entrance(connection: socket.socket, _caller: Caller) -> None:
        threading.Thread(target=_swallow, args=(connection,), daemon=True).start()

    admission = Admission(
        ca.public_key().public_bytes_raw(),
        lambda _device, _certificate: None,
        lambda: int(time.time()),  # noqa: TID251 (as above)
    )
    settings = GatewaySettings("127.0.0.1", 0, pending_per_address_max=IDLE)
    with Gateway(settings, host, admission, entrance) as gateway:
        told.send(gateway.address)
        told.recv()


@contextmanager
def openssh() -> Iterator[Site]:
    """An sshd with the algorithms of ours, whose devices may open their own address."""
    ca, host = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = ca.public_key().public_bytes_raw()
    with tempfile.TemporaryDirectory(prefix="postroad-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        key = host.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        (folder / "host").write_bytes(key)
        (folder / "host").chmod(0o600)
        (folder / "ca.pub").write_text(public_line(ca.public_key()) + "\n")
        site = Site(("127.0.0.1", port), ca, public_line(host.public_key()), 0)
        devices = [site.identity(number).device for number in range(1, max(TUNNELS) + 1)]
        (folder / "principals").write_text("".join(f"{device}\n" for device in devices))
        (folder / "sshd_config").write_text(_configuration(folder, port))
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _SSHD, "sh"]
        process = subprocess.Popen([*command, name, str(ACCOUNT_UID), LOGIN])
        sinks = [_sink(address_of(public, n, Target.SYNC)) for n in range(1, max(TUNNELS) + 1)]
        sink = _FORK.Process(target=_serve_sinks, args=(sinks,), daemon=True)
        sink.start()
        try:
            _wait_for(("127.0.0.1", port))
            yield Site(site.address, ca, site.host_line, process.pid)
        finally:
            process.terminate()
            process.wait(20)
            sink.terminate()
            sink.join()
            for listener in sinks:
                listener.close()


def _configuration(folder: Path, port: int) -> str:
    return f"""ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
PidFile none
UsePAM no
StrictModes no
AuthorizedKeysFile none
TrustedUserCAKeys {folder}/ca.pub
AuthorizedPrincipalsFile {folder}/principals
AuthenticationMethods publickey
AllowTcpForwarding local
MaxSessions 0
MaxStartups 200
UseDNS no
LogLevel ERROR
"""


def _sink(address: tuple[str, int]) -> socket.socket:
    return socket.create_server(address)


def _serve_sinks(listeners: list[socket.socket]) -> None:
    def serve(listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_swallow, args=(connection,), daemon=True).start()

    for listener in listeners:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
    threading.Event().wait()


def _swallow(connection: socket.socket) -> None:
    """Take everything, and say so at the end."""
    space = bytearray(_PIECE)
    with connection, suppress(OSError):
        while connection.recv_into(space):
            pass
        connection.sendall(b"all")


def _pour(site: Site, numbers: range, size: int, barrier: Any) -> None:  # noqa: ANN401
    tunnels = [site.client(number).connect() for number in numbers]
    barrier.wait()
    threads = [threading.Thread(target=_send, args=(tunnel, size)) for tunnel in tunnels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    barrier.wait()
    barrier.wait()
    for tunnel in tunnels:
        tunnel.close()


def _send(tunnel: Tunnel, size: int) -> None:
    stream = tunnel.open(Target.SYNC)
    piece = bytes(_PIECE)
    for start in range(0, size, len(piece)):
        stream.sendall(piece[: size - start])
    stream.shutdown_write()
    assert stream.recv(3) == b"all"


def _rest(site: Site, numbers: range, barrier: Any, done: Any) -> None:  # noqa: ANN401
    tunnels = [site.client(number).connect() for number in numbers]
    barrier.wait()
    done.wait()
    for tunnel in tunnels:
        tunnel.close()


def _wait_for(address: tuple[str, int]) -> None:
    until = time.monotonic() + _READY_S
    pause = threading.Event()
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(address, 1):
            return
        pause.wait(0.05)
    raise AssertionError("sshd does not answer")


def cpu_s(pid: int) -> float:
    """Processor seconds of a process, of those it has waited for, and of all below it."""
    used, parents = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            ticks = sum(int(value) for value in fields[11:15]) / _TICKS
            # In nanoseconds, of the first thread: sshd's sessions take less than a tick each.
            exact = int(path.with_name("schedstat").read_text().split()[0]) / 1e9
            number = int(path.parent.name)
            parents[number], used[number] = int(fields[1]), max(ticks, exact)
    total, ours = used[pid], {pid}
    for number in sorted(used):  # children have higher numbers, until these run over
        if parents[number] in ours:
            ours.add(number)
            total += used[number]
    return total


def rss_mb(pid: int) -> float:
    """Resident megabytes of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
