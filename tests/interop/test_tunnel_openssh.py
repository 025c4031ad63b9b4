"""Our gateway and the ssh of Debian understand each other, and it gets no further."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from security.tunnel import algorithms
from security.tunnel.wire import LOGIN
from tests.support.tunnels import DEVICE, World, running_world

SSH = shutil.which("ssh")


@contextmanager
def openssh(world: World, folder: Path) -> Iterator[list[str]]:
    """The command line of Debian's ssh for a device of this world."""
    assert SSH is not None, "install openssh-client"
    identity = world.identity()
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    (folder / "key").write_bytes(key)
    (folder / "key").chmod(0o600)
    (folder / "key-cert.pub").write_text(identity.certificate)
    host, port = world.gateway.address
    (folder / "known_hosts").write_text(f"[{host}]:{port} {world.host_line()}\n")
    options = [
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        f"UserKnownHostsFile={folder / 'known_hosts'}",
        "StrictHostKeyChecking=yes",
        "HostKeyAlgorithms=ssh-ed25519",
    ]
    flags = [word for option in options for word in ("-o", option)]
    yield [SSH, "-F", "none", "-i", str(folder / "key"), *flags, "-p", str(port), "-l", LOGIN]


def test_the_ssh_of_debian_reaches_the_api_and_gets_no_shell(tmp_path: Path) -> None:
    question = b"GET /device HTTP/1.0\r\n\r\n"
    with running_world() as world, openssh(world, tmp_path) as command:
        address = world.gateway.address[0]
        forwarded = subprocess.run(
            [*command, "-W", ":".join(map(str, world.target())), address],
            input=question,
            capture_output=True,
            timeout=30,
            check=False,
        )
        shell = subprocess.run(
            [*command, address, "id"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )

    assert forwarded.stdout.endswith(b'{"device": "%b", "target": "sync"}' % DEVICE.encode()), (
        forwarded.stderr
    )
    assert shell.returncode != 0
    assert shell.stdout == b""


@pytest.mark.parametrize(
    ("flag", "value", "offer"),
    [
        ("Ciphers", "aes256-ctr,chacha20-poly1305@openssh.com", algorithms.CIPHERS),
        ("KexAlgorithms", "ecdh-sha2-nistp256", algorithms.KEY_EXCHANGES),
        ("HostKeyAlgorithms", "rsa-sha2-512", algorithms.KEYS),
    ],
)
def test_nothing_but_our_algorithms_is_on_offer(
    tmp_path: Path, flag: str, value: str, offer: tuple[str, ...]
) -> None:
    with running_world() as world, openssh(world, tmp_path) as command:
        refused = subprocess.run(
            [command[0], "-o", f"{flag}={value}", *command[1:], "-W", "hub:80", "127.0.0.1"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    offered = refused.stderr.strip().rpartition("Their offer: ")[2].split(",")
    assert [name for name in offered if not name.startswith("kex-strict")] == list(offer)
