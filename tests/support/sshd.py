"""Debian's sshd as the gateway of a world, in a mount namespace of its own.

There it finds an account for tunnels, a log socket and its folders without anything of the
machine being changed. Making a namespace needs root.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from security.sshcert import issue_host_certificate, public_line
from security.tunnel.admission import Reports
from security.tunnel.openssh import papers
from security.tunnel.openssh.gateway import OpensshGateway, OpensshSettings
from security.tunnel.openssh.krl import Revocations, write_krl
from security.tunnel.wire import LOGIN
from tests.support.tunnels import DAY, EchoApi, World, wait_for

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
ACCOUNT_UID = 61184

# What the unit of systemd does, without systemd: an account, a folder that only root writes,
# and the hub's socket in the place of the system log. Then it runs the command in $4.
_NAMESPACE = """
set -e
folder=$1; uid=$2; login=$3
for name in passwd group shadow; do cp /etc/$name $folder/$name; done
echo "$login:x:$uid:$uid::/nonexistent:/usr/sbin/nologin" >> $folder/passwd
echo "$login:x:$uid:" >> $folder/group
echo "$login:*:19000:0:99999:7:::" >> $folder/shadow
for name in passwd group shadow; do mount --bind $folder/$name /etc/$name; done
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd /run/postroad /run/devices
mount --rbind /dev /run/devices
mount -t tmpfs -o mode=755 tmpfs /dev
for name in null zero random urandom tty; do
  touch /dev/$name; mount --bind /run/devices/$name /dev/$name
done
ln -s $folder/log.sock /dev/log
eval "$4"
"""

RUN_SSHD = f"exec {SSHD} -D -f /run/postroad/sshd_config"


def need_sshd() -> None:
    assert SSHD is not None, "install openssh-server"
    assert os.geteuid() == 0, "sshd is tested in a namespace of its own, which needs root"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def layout(folder: Path, port: int, **changes: int) -> papers.Layout:
    made = papers.Layout(
        host="127.0.0.1",
        port=port,
        folder="/run/postroad",
        run=str(folder),
        python="/usr/bin/python3",
        key_exchanges=("curve25519-sha256@libssh.org",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names its fields


def write_files(world: World, files: Path, made: papers.Layout) -> None:
    """What `postroad hub sshd-config` writes, from the keys of a world."""
    for name, (text, mode) in papers.papers(made, "postroad-hub.service").items():
        (files / name).write_text(text)
        (files / name).chmod(mode)
    ca_public = world.ca.public_key()
    (files / papers.CA).write_text(public_line(ca_public) + "\n")
    host = world.host_key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    (files / papers.HOST_KEY).write_bytes(host)
    (files / papers.HOST_KEY).chmod(0o600)
    line = issue_host_certificate(
        world.ca, world.host_line(), ("127.0.0.1",), world.now - DAY, world.now + DAY
    )
    (files / papers.HOST_CERTIFICATE).write_text(line + "\n")
    revoked = Revocations(1, world.now, tuple(sorted(world.revoked_devices)))
    (files / papers.KRL).write_bytes(write_krl(revoked, ca_public.public_bytes_raw()))


@contextmanager
def running_sshd(**changes: int) -> Iterator[World]:
    """A world whose tunnels sshd carries; `changes` are fields of the layout, or `proof_s`."""
    need_sshd()
    proof_s = changes.pop("proof_s", 10)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postroad-")))
        folder.chmod(0o755)
        files = folder / "files"
        files.mkdir()
        api = stack.enter_context(EchoApi())
        world = World(api, now=int(time.time()))  # noqa: TID251 (sshd uses the machine's clock)
        port = free_port()
        write_files(world, files, layout(folder, port, **changes))
        gateway = OpensshGateway(
            OpensshSettings(folder, ACCOUNT_UID, proof_s=proof_s),
            world.admission(),
            api.adopt,
            Reports(world.records.append, world.alarms.append),
        )
        world.gateway = gateway
        world.address = ("127.0.0.1", port)
        commands = f"cp -p {files}/* /run/postroad/; {RUN_SSHD}"
        stack.enter_context(in_namespace(folder, commands, world.address))
        stack.enter_context(gateway)
        yield world


@contextmanager
def in_namespace(folder: Path, commands: str, address: tuple[str, int]) -> Iterator[None]:
    """Run shell commands that end in an sshd at this address; all is over with the block."""
    said = folder / "said"
    words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _NAMESPACE, "sh"]
    with said.open("wb") as output:
        process = subprocess.Popen(
            [*words, str(folder), str(ACCOUNT_UID), LOGIN, commands],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        ready = wait_for(lambda: process.poll() is not None or _answers(address), within_s=30)
        assert ready, f"nothing answers at {address}: {said.read_text()}"
        assert process.poll() is None, said.read_text()
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def _answers(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, 1).close()
    except OSError:
        return False
    return True
