"""A device logs in with a certificate of its own hub, in time, and with nothing else."""

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    SSHCertificate,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_public_identity,
)
from hypothesis import given
from hypothesis import strategies as st

from security.errors import FormatError, TrustError
from security.sshcert import (
    Certificate,
    check_user_certificate,
    issue_user_certificate,
    load_public_line,
    public_line,
)
from tests.golden.samples import DEVICE, OTHER_DEVICE, secret

CA = Ed25519PrivateKey.from_private_bytes(secret("ssh authority"))
OTHER_CA = Ed25519PrivateKey.from_private_bytes(secret("another authority"))
CLIENT = Ed25519PrivateKey.from_private_bytes(secret("client")).public_key()
CA_PUBLIC = CA.public_key().public_bytes_raw()
LINE = public_line(CLIENT)
FROM = 1_795_392_000
TO = FROM + 30 * 86_400
NOW = FROM + 86_400
ISSUED = issue_user_certificate(CA, LINE, DEVICE, 7, FROM, TO)


def check(
    certificate: str | bytes = ISSUED,
    *,
    ca_public: bytes = CA_PUBLIC,
    now: int = NOW,
    revoked: frozenset[int] = frozenset(),
) -> Certificate:
    return check_user_certificate(certificate, ca_public, now, revoked)


def blob(line: str) -> bytes:
    return base64.b64decode(line.split()[1])


def builder() -> SSHCertificateBuilder:
    return (
        SSHCertificateBuilder()
        .public_key(CLIENT)
        .serial(7)
        .key_id(DEVICE.encode())
        .valid_after(FROM)
        .valid_before(TO)
    )


def signed(made: SSHCertificateBuilder, ca: Ed25519PrivateKey = CA) -> str:
    return made.sign(ca).public_bytes().decode()


def user() -> SSHCertificateBuilder:
    return builder().type(SSHCertificateType.USER)


PRINCIPAL = [DEVICE.encode()]


def test_a_device_logs_in_with_its_certificate() -> None:
    assert check() == Certificate(DEVICE, 7, TO, LINE)


def test_a_certificate_is_read_from_its_binary_form_too() -> None:
    assert check(blob(ISSUED)) == check()


def test_a_certificate_permits_forwarding_and_nothing_else() -> None:
    read = load_ssh_public_identity(ISSUED.encode())

    assert isinstance(read, SSHCertificate)
    assert read.extensions == {b"permit-port-forwarding": b""}
    assert read.critical_options == {}
    assert read.key_id == DEVICE.encode()


@pytest.mark.parametrize("now", [FROM - 1, TO, TO + 1, 0])
def test_a_certificate_out_of_its_time_is_refused(now: int) -> None:
    with pytest.raises(TrustError, match="not valid at this time"):
        check(now=now)


@pytest.mark.parametrize("now", [FROM, TO - 1])
def test_a_certificate_is_good_from_its_first_to_its_last_second(now: int) -> None:
    assert check(now=now).serial == 7


def test_a_revoked_serial_is_refused() -> None:
    with pytest.raises(TrustError, match="revoked"):
        check(revoked=frozenset({6, 7}))


REFUSED: dict[str, tuple[Callable[[], str], str]] = {
    "another authority": (
        lambda: signed(user().valid_principals(PRINCIPAL), OTHER_CA),
        "another authority",
    ),
    "a host": (
        lambda: signed(builder().type(SSHCertificateType.HOST).valid_principals(PRINCIPAL)),
        "not that of a user",
    ),
    "everybody": (
        lambda: signed(user().valid_for_all_principals()),  # type: ignore[no-untyped-call]
        "one device alone",
    ),
    "two principals": (
        lambda: signed(user().valid_principals([*PRINCIPAL, OTHER_DEVICE.encode()])),
        "one device alone",
    ),
    "another principal": (
        lambda: signed(user().valid_principals([OTHER_DEVICE.encode()])),
        "one device alone",
    ),
    "no device at all": (
        lambda: signed(
            SSHCertificateBuilder()
            .public_key(CLIENT)
            .serial(7)
            .type(SSHCertificateType.USER)
            .key_id(b"root")
            .valid_principals([b"root"])
            .valid_after(FROM)
            .valid_before(TO)
        ),
        "one device alone",
    ),
    "a critical option": (
        lambda: signed(
            user().valid_principals(PRINCIPAL).add_critical_option(b"force-command", b"true")
        ),
        "an option",
    ),
    "no serial": (
        lambda: signed(
            SSHCertificateBuilder()
            .public_key(CLIENT)
            .type(SSHCertificateType.USER)
            .key_id(DEVICE.encode())
            .valid_principals(PRINCIPAL)
            .valid_after(FROM)
            .valid_before(TO)
        ),
        "revoked",
    ),
    "a bare key": (lambda: LINE, "not a certificate"),
    "a key of another kind": (
        lambda: (
            SSHCertificateBuilder()
            .public_key(generate_private_key(SECP256R1()).public_key())
            .type(SSHCertificateType.USER)
            .valid_principals(PRINCIPAL)
            .valid_after(FROM)
            .valid_before(TO)
            .sign(CA)
            .public_bytes()
            .decode()
        ),
        "not a certificate of an Ed25519 key",
    ),
    "an authority of another kind": (
        lambda: (
            user()
            .valid_principals(PRINCIPAL)
            .sign(generate_private_key(SECP256R1()))
            .public_bytes()
            .decode()
        ),
        "another authority",
    ),
    "nothing": (lambda: "", "not a certificate"),
    "text": (lambda: "ssh-ed25519-cert-v01@openssh.com !!!!", "cannot be read"),
    "chinese": (lambda: "证书", "cannot be read"),
    "a very long line": (lambda: ISSUED + " " + "x" * 9000, "not a certificate"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_certificate_that_breaks_a_rule_is_refused(case: str) -> None:
    make, reason = REFUSED[case]

    with pytest.raises(TrustError, match=reason):
        check(make())


def test_every_changed_byte_of_a_certificate_is_refused() -> None:
    whole = blob(ISSUED)

    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0x01
        with pytest.raises(TrustError):
            check(bytes(changed))


def test_every_cut_of_a_certificate_is_refused() -> None:
    whole = blob(ISSUED)

    for end in range(len(whole)):
        with pytest.raises(TrustError):
            check(whole[:end])


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_no_certificate(made_up: bytes) -> None:
    with pytest.raises(TrustError):
        check(made_up)


@pytest.mark.parametrize(
    ("public", "device", "serial", "valid_from", "valid_to"),
    [
        ("ssh-rsa AAAA", DEVICE, 1, FROM, TO),
        (LINE + " comment", DEVICE, 1, FROM, TO),
        (LINE, "root", 1, FROM, TO),
        (LINE, DEVICE, 0, FROM, TO),
        (LINE, DEVICE, 2**64, FROM, TO),
        (LINE, DEVICE, 1, TO, TO),
        (LINE, DEVICE, 1, -1, TO),
        (LINE, DEVICE, 1, FROM, 2**64),
    ],
)
def test_an_impossible_certificate_is_not_issued(
    public: str, device: str, serial: int, valid_from: int, valid_to: int
) -> None:
    with pytest.raises(FormatError):
        issue_user_certificate(CA, public, device, serial, valid_from, valid_to)


def test_a_public_line_comes_back() -> None:
    assert load_public_line(LINE).public_bytes_raw() == CLIENT.public_bytes_raw()
