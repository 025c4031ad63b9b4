"""Logins with a certificate that counts, and with one that may serve to ask for another."""

from security.errors import FormatError, TrustError
from security.sshcert import (
    Certificate,
    certificate_line,
    check_user_certificate,
    read_lapsed_certificate,
)
from security.tunnel.admission import Admission
from security.tunnel.keys import targets_of
from security.tunnel.targets import Target

LapsedTargets = dict[Target, tuple[str, int]]


def checked_login(
    blob: bytes, admission: Admission, address: str
) -> tuple[Certificate, LapsedTargets | None, str]:
    """The certificate in a login; with it, where it does not count, its own two addresses.

    Third the SSH line of the token, if it is one's; else nothing.

    Raises:
        TrustError: It does not count, and its device may not ask for another.
    """
    try:
        certificate = check_user_certificate(
            blob, admission.ca_public, admission.now(), admission.revoked_serials()
        )
    except TrustError as error:
        try:
            certificate = read_lapsed_certificate(blob)
            newcomer = _newcomer(certificate, admission, address)
            return certificate, targets_of(certificate_line(blob)), newcomer
        except (TrustError, FormatError):
            raise error from None  # what was wrong first is what the operator has to know
    return certificate, None, ""


def _newcomer(certificate: Certificate, admission: Admission, address: str) -> str:
    try:
        admission.authorise_lapsed(certificate.device, certificate.ssh)
    except TrustError:
        admission.authorise_newcomer(certificate.device, certificate.ssh, address)
        return certificate.ssh
    return ""
