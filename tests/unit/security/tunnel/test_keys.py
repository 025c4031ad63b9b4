"""Key lines and certificates are checked before paramiko sees them."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paramiko import PKey

from security.errors import FormatError
from security.sshcert import issue_user_certificate, public_line
from security.tunnel.keys import certified_key, line_blob, signing_key

DEVICE = "120103001001-01"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LINE = public_line(KEY.public_key())
CERTIFICATE = issue_user_certificate(KEY, LINE, DEVICE, 1, 1, 2)


def test_a_key_signs_what_its_public_line_names() -> None:
    assert signing_key(KEY).asbytes() == line_blob(LINE)


def test_a_comment_behind_a_key_does_not_matter() -> None:
    assert line_blob(f"{LINE} hub of the street") == line_blob(LINE)


def test_a_certified_key_carries_its_certificate() -> None:
    key: PKey = certified_key(KEY, CERTIFICATE)

    assert key.public_blob is not None
    assert key.public_blob.key_blob == line_blob(CERTIFICATE)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 !!!",
        "ssh-rsa " + LINE.split()[1],
        "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0fssh-ed25519").decode(),
        LINE + " " + "x" * 10_000,
    ],
)
def test_a_line_that_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(FormatError):
        line_blob(line)


def test_a_bare_key_is_no_certificate() -> None:
    with pytest.raises(FormatError, match="bare key"):
        certified_key(KEY, LINE)


def test_a_damaged_certificate_is_refused() -> None:
    kind, encoded = CERTIFICATE.split()[:2]
    blob = base64.b64decode(encoded)[:-10]

    with pytest.raises(FormatError, match="cannot be read"):
        certified_key(KEY, f"{kind} {base64.b64encode(blob).decode()}")
