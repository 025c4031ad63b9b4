"""The certificate of this device, renewed at half of its life, and when it does not count."""

import logging
from collections.abc import Callable
from pathlib import Path

from security.errors import SecurityError, TrustError
from security.keystore import write_certificate
from security.sshcert import read_lapsed_certificate, validity_of
from sync.errors import SyncError
from sync.ports import Clock

PATH = "/sync/v1/renew"
CONTENT_TYPE = "text/x-ssh-certificate"
REQUEST = b"renew"

_MS = 1_000
_log = logging.getLogger(__name__)


class Renewal:
    """Keeps one certificate fresh. Used by one thread at a time."""

    def __init__(self, folder: Path, certificate: str, ssh: str, clock: Clock) -> None:
        """Take the key folder, the certificate in it, and the public line that it is for."""
        self.certificate = certificate
        self._folder = folder
        self._ssh = ssh
        self._clock = clock
        self._is_demanded = False

    def demand(self) -> None:
        """Renew at the next occasion: the hub does not take the certificate as it is."""
        self._is_demanded = True

    @property
    def is_due(self) -> bool:
        """Whether half of its life is over, or it does not count at this time."""
        if self._is_demanded:
            return True
        begin, end = validity_of(self.certificate)
        now = self._clock.now_ms() // _MS
        return not begin <= now < begin + (end - begin) // 2

    def renew(self, ask: Callable[[bytes], bytes]) -> bool:
        """Ask the hub for a certificate and keep it; False where there was none to be had.

        What comes back is checked as far as this device can: it is for its own key and name.
        """
        try:
            line = ask(REQUEST).decode("ascii").strip()
            if not line:
                return False
            self._check(line)
            write_certificate(self._folder, line)
        except (SyncError, SecurityError, UnicodeDecodeError) as error:
            _log.warning("the certificate was not renewed", extra={"reason": str(error)})
            return False
        self.certificate = line
        self._is_demanded = False
        _log.info("the certificate was renewed")
        return True

    def _check(self, line: str) -> None:
        fresh, known = read_lapsed_certificate(line), read_lapsed_certificate(self.certificate)
        if (fresh.device, fresh.ssh) != (known.device, self._ssh):
            raise TrustError("the certificate is for another device or key")
