"""What a gateway does not let in, and what a device does not talk to."""

import base64
import logging
import socket
from collections.abc import Callable
from dataclasses import replace

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    SSHCertificateBuilder,
    SSHCertificateType,
)

from security.errors import FormatError
from security.sshcert import issue_user_certificate, public_line
from security.tunnel.accounting import TerminateCause
from security.tunnel.client import DeviceIdentity, TunnelClient
from security.tunnel.errors import (
    HostKeyError,
    LoginRefusedError,
    TargetRefusedError,
)
from security.tunnel.keys import certified_key, signing_key
from security.tunnel.targets import Target
from security.tunnel.wire import LOGIN
from tests.support.tunnels import (
    DAY,
    DEVICE,
    NOW,
    OTHER_DEVICE,
    World,
    logged_in,
    plain_client,
    running_world,
    wait_for,
)


def by_hand(
    world: World,
    *,
    kind: SSHCertificateType = SSHCertificateType.USER,
    principals: tuple[str, ...] = (DEVICE,),
    critical: bytes | None = None,
) -> DeviceIdentity:
    """A device whose certificate breaks a rule that the issuing function keeps."""
    key = Ed25519PrivateKey.generate()
    builder = (
        SSHCertificateBuilder()
        .public_key(key.public_key())
        .serial(9)
        .type(kind)
        .key_id(DEVICE.encode())
        .valid_after(NOW - DAY)
        .valid_before(NOW + DAY)
    )
    if principals:
        builder = builder.valid_principals([name.encode() for name in principals])
    else:
        builder = builder.valid_for_all_principals()  # type: ignore[no-untyped-call]  # theirs
    if critical is not None:
        builder = builder.add_critical_option(critical, b"")
    return DeviceIdentity(DEVICE, key, builder.sign(world.ca).public_bytes().decode())


def of_another_authority(_world: World) -> DeviceIdentity:
    key = Ed25519PrivateKey.generate()
    line = issue_user_certificate(
        Ed25519PrivateKey.generate(), public_line(key.public_key()), DEVICE, 7, 1, 2**40
    )
    return DeviceIdentity(DEVICE, key, line)


def with_a_revoked_serial(world: World) -> DeviceIdentity:
    world.revoked_serials.add(41)
    return world.identity(serial=41)


def revoked_by_the_registry(world: World) -> DeviceIdentity:
    world.revoked_devices.add(DEVICE)
    return world.identity()


BAD_IDENTITIES: dict[str, tuple[Callable[[World], DeviceIdentity], str]] = {
    "another authority": (of_another_authority, "the certificate is by another authority"),
    "expired": (
        lambda world: world.identity(valid_to=NOW),
        "the certificate is not valid at this time",
    ),
    "not yet valid": (
        lambda world: world.identity(valid_from=NOW + 1),
        "the certificate is not valid at this time",
    ),
    "for two devices": (
        lambda world: by_hand(world, principals=(DEVICE, OTHER_DEVICE)),
        "the certificate is not for one device alone",
    ),
    "for every device": (
        lambda world: by_hand(world, principals=()),
        "the certificate is not for one device alone",
    ),
    "of a host": (
        lambda world: by_hand(world, kind=SSHCertificateType.HOST),
        "the certificate is not that of a user",
    ),
    "with an unknown option": (
        lambda world: by_hand(world, critical=b"verify-required"),
        "the certificate has an option that is not known",
    ),
    "with a revoked serial": (with_a_revoked_serial, "the certificate was revoked"),
    "of a revoked device": (revoked_by_the_registry, "the device was revoked"),
}


@pytest.mark.parametrize(("make", "reason"), BAD_IDENTITIES.values(), ids=BAD_IDENTITIES)
def test_a_bad_certificate_is_refused_and_only_the_hub_learns_why(
    make: Callable[[World], DeviceIdentity], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with running_world() as world, pytest.raises(LoginRefusedError) as caught:
        world.client(make(world)).connect()

    refusals = [row for row in caplog.records if row.message == "tunnel login refused"]
    assert str(caught.value) == f"the hub does not accept the device {DEVICE}"
    assert [row.__dict__["reason"] for row in refusals] == [reason]
    assert world.records == []


def test_a_refused_login_costs_one_warning_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running_world() as world:
        with pytest.raises(LoginRefusedError):
            world.client(of_another_authority(world)).connect()
        with socket.create_connection(world.gateway.address) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" * 10)
            while stranger.recv(100):
                pass

    loud = [row for row in caplog.records if row.levelno >= logging.WARNING]
    assert [row.message for row in loud] == ["tunnel login refused"] * 2


def test_a_bare_key_is_refused() -> None:
    with running_world() as world, plain_client(world) as transport:
        key = signing_key(world.identity().key)
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_publickey(LOGIN, key)


def test_a_certificate_without_its_private_key_is_refused() -> None:
    with running_world() as world, plain_client(world) as transport:
        stolen = signing_key(Ed25519PrivateKey.generate())
        blob = base64.b64decode(world.identity().certificate.split()[1])
        stolen.load_certificate(paramiko.Message(blob))
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_publickey(LOGIN, stolen)

    assert world.records == []


def test_a_login_under_another_name_is_refused() -> None:
    with running_world() as world, plain_client(world) as transport:
        identity = world.identity()
        key = certified_key(identity.key, identity.certificate)
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_publickey("root", key)


def test_a_password_is_refused() -> None:
    with (
        running_world() as world,
        plain_client(world) as transport,
        pytest.raises(paramiko.BadAuthenticationType) as caught,
    ):
        transport.auth_password(LOGIN, "open sesame")

    assert caught.value.allowed_types == ["publickey"]


def test_no_authentication_is_refused() -> None:
    with (
        running_world() as world,
        plain_client(world) as transport,
        pytest.raises(paramiko.BadAuthenticationType),
    ):
        transport.auth_none(LOGIN)


def test_questions_and_answers_are_refused() -> None:
    with (
        running_world() as world,
        plain_client(world) as transport,
        pytest.raises(paramiko.BadAuthenticationType),
    ):
        transport.auth_interactive(LOGIN, lambda *_: [])


OTHER_TARGETS: dict[str, Callable[[World], tuple[str, int]]] = {
    "the shell of the machine": lambda _world: ("127.0.0.1", 22),
    "the address of another certificate": lambda world: world.target(serial=8),
    "another port of its own address": lambda world: (world.target()[0], 22),
    "a name": lambda _world: ("hub", 80),
    "nothing": lambda _world: ("", 80),
}


@pytest.mark.parametrize("choose", OTHER_TARGETS.values(), ids=OTHER_TARGETS)
def test_any_other_target_is_refused(choose: Callable[[World], tuple[str, int]]) -> None:
    with running_world() as world, logged_in(world) as transport:
        target = choose(world)
        with pytest.raises(paramiko.ChannelException) as caught:
            transport.open_channel("direct-tcpip", target, ("127.0.0.1", 0))
        rows = world.gateway.sessions()

    assert caught.value.code == paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
    assert [(row.channels_opened, row.channels_refused) for row in rows] == [(0, 1)]


def test_our_client_tells_a_forbidden_target_from_a_lost_link() -> None:
    with running_world() as world, world.client().connect() as tunnel:
        tunnel._targets = {Target.PAGES: ("127.0.0.1", 22)}
        with pytest.raises(TargetRefusedError, match="pages"):
            tunnel.open(Target.PAGES)

        assert tunnel.is_alive


@pytest.mark.parametrize(
    "kind", ["session", "x11", "auth-agent@openssh.com", "tun@openssh.com"]
)
def test_no_other_kind_of_channel_is_opened(kind: str) -> None:
    with (
        running_world() as world,
        logged_in(world) as transport,
        pytest.raises(paramiko.ChannelException),
    ):
        transport.open_channel(kind, src_addr=("127.0.0.1", 0))


def test_reverse_forwarding_is_refused() -> None:
    with (
        running_world() as world,
        logged_in(world) as transport,
        pytest.raises(paramiko.SSHException, match="denied"),
    ):
        transport.request_port_forward("127.0.0.1", 0)


@pytest.mark.parametrize("ask", ["shell", "exec", "subsystem", "pty", "x11"])
def test_nothing_can_be_started_on_an_open_stream(ask: str) -> None:
    asks: dict[str, Callable[[paramiko.Channel], object]] = {
        "shell": lambda stream: stream.invoke_shell(),
        "exec": lambda stream: stream.exec_command("id"),
        "subsystem": lambda stream: stream.invoke_subsystem("sftp"),
        "pty": lambda stream: stream.get_pty(),
        "x11": lambda stream: stream.request_x11(auth_cookie=b"00"),
    }
    with running_world() as world, logged_in(world) as transport:
        stream = transport.open_channel("direct-tcpip", world.target(), ("127.0.0.1", 0))
        with pytest.raises(paramiko.SSHException):
            asks[ask](stream)
        stream.close()


def test_revoking_a_device_closes_its_live_session() -> None:
    with running_world() as world, world.client().connect() as tunnel:
        # The client is in before the gateway has listed it; a revocation in between refuses it.
        assert wait_for(lambda: world.records)
        world.revoked_devices.add(DEVICE)

        assert world.gateway.close_device(DEVICE)
        assert wait_for(lambda: not tunnel.is_alive)
        assert wait_for(world.stopped)
        assert world.stopped()[0].acct_terminate_cause is TerminateCause.ADMIN_RESET
        assert not world.gateway.close_device(DEVICE)


def test_a_machine_with_another_host_key_never_sees_a_login() -> None:
    with running_world() as world:
        wrong = public_line(Ed25519PrivateKey.generate().public_key())
        client = TunnelClient([world.gateway.address], world.identity(), [wrong])
        with pytest.raises(HostKeyError):
            client.connect()
        assert wait_for(lambda: not world.gateway._roster.everybody())

    assert world.records == []


def test_one_of_several_pinned_keys_is_enough() -> None:
    with running_world() as world:
        next_key = public_line(Ed25519PrivateKey.generate().public_key())
        pinned = [next_key, world.host_line()]
        with TunnelClient(
            [world.gateway.address], world.identity(), pinned
        ).connect() as tunnel:
            alive = tunnel.is_alive

    assert alive


def test_a_certificate_of_another_key_is_noticed_before_dialling() -> None:
    with running_world() as world:
        mixed = replace(world.identity(), key=Ed25519PrivateKey.generate())
        with pytest.raises(FormatError, match="belongs to another key"):
            world.client(mixed)
