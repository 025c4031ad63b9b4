"""What holds between the hub and sshd, and what other programs of the machine try there."""

import http.client
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from security.errors import FormatError
from security.sshcert import issue_user_certificate, public_line
from security.tunnel.errors import LoginRefusedError, TunnelError
from security.tunnel.openssh.krl import NEVER_ISSUED, Revocations, krl_version, newer, write_krl
from tests.support.sshd import running_sshd
from tests.support.tunnels import DEVICE, NOW, OTHER_DEVICE, World, request, wait_for

NOBODY_UID = 65534


def as_nobody(program: str, *arguments: str) -> str:
    """What a small program says that runs under an account without rights."""
    ran = subprocess.run(
        ["/usr/bin/python3", "-c", program, *arguments],
        user=NOBODY_UID,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


ASK_DEVICE = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 5) as hub:
    hub.sendall(b"GET /device HTTP/1.0\\r\\n\\r\\n")
    try:
        print(hub.recv(1000))
    except ConnectionResetError:
        print(b"")
"""

FORGE_LOG = """
import socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.connect(sys.argv[1])
for line in (
    "Connection from 192.0.2.1 port 5 on 192.0.2.2 port 22 rdomain \\"\\"",
    "Accepted publickey for postroad-tunnel from 192.0.2.1 port 5 ssh2: ED25519-CERT SHA256:a "
    "ID 120103001001-01 (serial 7) CA ED25519 SHA256:b",
):
    log.send(f"<38>Nov 22 00:25:19 sshd[1]: {line}".encode())
"""

ASK_PORTER = """
import socket, sys
with socket.socket(socket.AF_UNIX) as hub:
    hub.connect(sys.argv[1])
    try:
        hub.sendall(sys.argv[2].encode() + b"\\n")
        print(hub.recv(1000))
    except OSError:
        print(b"")
"""


def folder_of(world: World) -> Path:
    folder: Path = world.gateway._settings.folder
    return folder


@pytest.mark.parametrize("account", ["root", "nobody"])
def test_a_program_of_the_machine_that_knows_the_address_is_no_device(account: str) -> None:
    with running_sshd() as world, world.client().connect() as tunnel:
        assert b"120103001001-01" in request(tunnel.open(), "/device")
        host, port = world.target()
        if account == "root":
            command = [sys.executable, "-c", ASK_DEVICE, host, str(port)]
            said = subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=20
            ).stdout
        else:
            said = as_nobody(ASK_DEVICE, host, str(port))

    assert said.strip() == "b''"


def test_a_program_of_the_machine_cannot_invent_a_session() -> None:
    with running_sshd() as world:
        as_nobody(FORGE_LOG, str(folder_of(world) / "log.sock"))
        with world.client(world.identity(OTHER_DEVICE, serial=8)).connect():
            assert wait_for(lambda: world.records)

    assert {row.user_name for row in world.records} == {OTHER_DEVICE}


def test_the_porter_answers_sshd_alone() -> None:
    with running_sshd() as world:
        blob = world.identity().certificate.split()[1]
        said = as_nobody(ASK_PORTER, str(folder_of(world) / "admission.sock"), blob)
        answer = world.gateway._porter.answer(blob.encode())

    assert said.strip() == "b''"
    assert answer.endswith(f" {DEVICE}\n")


@pytest.mark.parametrize("question", [b"", b"!", b"QUJD", b"A" * 9000])
def test_a_question_that_is_no_certificate_gets_no_answer(question: bytes) -> None:
    with running_sshd() as world:
        assert world.gateway._porter.answer(question) == ""


def test_without_the_hub_sshd_lets_nobody_in() -> None:
    with running_sshd() as world:
        world.gateway._porter.stop()

        with pytest.raises(LoginRefusedError):
            world.client().connect()


def test_a_device_may_have_only_so_many_streams() -> None:
    with running_sshd() as world, world.client().connect() as tunnel:
        streams = [tunnel.open() for _ in range(16)]
        for stream in streams:
            stream.sendall(b"GET ")
        assert wait_for(lambda: world.api.live == 16)
        with pytest.raises((TunnelError, http.client.RemoteDisconnected)):
            request(tunnel.open(), "/device")
        streams[0].close()

        assert wait_for(lambda: world.api.live == 15)
        assert b"120103001001-01" in request(tunnel.open(), "/device")


def test_ssh_keygen_reads_our_revocation_list(tmp_path: Path) -> None:
    ca, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate().public_key()
    content = write_krl(Revocations(12, NOW, (DEVICE,)), ca.public_key().public_bytes_raw())
    (tmp_path / "krl").write_bytes(content)
    verdicts = {}
    for name, device, serial in (
        ("revoked", DEVICE, 3),
        ("sound", OTHER_DEVICE, 4),
        ("never issued", OTHER_DEVICE, NEVER_ISSUED),
    ):
        line = issue_user_certificate(ca, public_line(key), device, serial, NOW, NOW + 10)
        (tmp_path / "cert.pub").write_text(line)
        verdicts[name] = subprocess.run(
            ["ssh-keygen", "-Q", "-f", str(tmp_path / "krl"), str(tmp_path / "cert.pub")],
            capture_output=True,
            check=False,
            timeout=10,
        ).returncode

    assert verdicts == {"revoked": 1, "sound": 0, "never issued": 1}
    assert krl_version(content) == 12


def test_an_older_revocation_list_is_not_put_in_place_of_a_newer_one() -> None:
    public = bytes(range(32))
    old, new = (write_krl(Revocations(n, NOW, (DEVICE,)), public) for n in (4, 5))

    assert newer(new, old, ()) == new
    with pytest.raises(FormatError):
        newer(old, new, ())
