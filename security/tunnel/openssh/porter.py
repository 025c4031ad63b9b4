"""Answers sshd's question at every login: may this certificate come in, and where may it go?

sshd runs the principals command, which passes the whole certificate on through a Unix socket.
The answer is one line in the format of authorized_keys; no answer is a refusal.
"""

import base64
import binascii
import logging
import socket
import struct
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Final

from security.errors import SecurityError, TrustError
from security.sshcert import Certificate, check_user_certificate
from security.tunnel.admission import Admission
from security.tunnel.errors import ListenError
from security.tunnel.openssh.listeners import Listeners
from security.tunnel.targets import Target

_log = logging.getLogger(__name__)

SOCKET_NAME: Final = "admission.sock"

# The command sends at once and is gone within milliseconds.
_QUESTION_S: Final = 2.0
_QUESTION_BYTES_MAX: Final = 8192
_BACKLOG: Final = 128
_ADMITTED_MAX: Final = 4096
_ACCEPT_S: Final = 1.0


class Porter:
    """Serves the principals command of sshd; asked before the device has proved its key.

    So an answer changes nothing but where the hub listens, and is given to root and to sshd's
    account alone.
    """

    def __init__(
        self, folder: Path, account_uid: int, admission: Admission, listeners: Listeners
    ) -> None:
        """Listen in the folder.

        Raises:
            ListenError: The socket cannot be made there.
        """
        self._admission = admission
        self._listeners = listeners
        self._uids = (0, account_uid)
        self._admitted: dict[tuple[str, int], bytes] = {}
        self._is_stopping = Event()
        self._listener = bound(folder / SOCKET_NAME, socket.SOCK_STREAM)
        self._listener.listen(_BACKLOG)
        self._listener.settimeout(_ACCEPT_S)
        self._thread = Thread(target=self._run, name="openssh-porter", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more: from now on every login is refused."""
        self._is_stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_ACCEPT_S + _QUESTION_S)
        self._listener.close()

    def answer(self, question: bytes) -> str:
        """The line for a certificate in base64; empty if it may not come in."""
        try:
            blob = base64.b64decode(question.strip(), validate=True)
            admitted = self._admit(blob)
            targets = self._targets(admitted.device)
            addresses = self._listeners.open(admitted.device, admitted.serial)
            self._remember(admitted, blob)
        except (binascii.Error, SecurityError) as error:
            _log.warning("tunnel login refused", extra={"reason": str(error)})
            return ""
        permits = ",".join(
            f'permitopen="{addresses[target][0]}:{addresses[target][1]}"' for target in targets
        )
        return f"restrict,port-forwarding,{permits} {admitted.device}\n"

    def _targets(self, device: str) -> tuple[Target, ...]:
        permitted = self._admission.targets(device)
        targets = tuple(target for target in Target if target in permitted)
        if not targets:
            raise TrustError("the policy lets the device reach nothing")
        return targets

    def admit_again(self, device: str, serial: int) -> None:
        """Judge a certificate once more now that its holder is known to be here.

        Raises:
            TrustError: It was revoked in between, or never admitted here.
        """
        blob = self._admitted.get((device, serial))
        if blob is None:
            raise TrustError("a login that was not admitted here")
        self._admit(blob)

    def _remember(self, admitted: Certificate, blob: bytes) -> None:
        self._admitted[admitted.device, admitted.serial] = blob
        if len(self._admitted) > _ADMITTED_MAX:
            del self._admitted[next(iter(self._admitted))]

    def _admit(self, blob: bytes) -> Certificate:
        admission = self._admission
        if not blob:
            raise TrustError("a bare key without a certificate")
        certificate = check_user_certificate(
            blob, admission.ca_public, admission.now(), admission.revoked_serials()
        )
        admission.authorise(certificate.device, certificate)
        return certificate

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                self._is_stopping.wait(_ACCEPT_S)
                continue
            with connection, suppress(OSError):
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        if _uid_of(connection) not in self._uids:
            return
        connection.settimeout(_QUESTION_S)
        question = b""
        while b"\n" not in question and len(question) <= _QUESTION_BYTES_MAX:
            piece = connection.recv(_QUESTION_BYTES_MAX)
            if not piece:
                break
            question += piece
        connection.sendall(self.answer(question[:_QUESTION_BYTES_MAX]).encode())


def bound(path: Path, kind: socket.SocketKind) -> socket.socket:
    """A Unix socket at a path, in place of one that an earlier run left there.

    Everybody may reach it: who may use it is decided by the account that the kernel names.

    Raises:
        ListenError: It cannot be made.
    """
    made = socket.socket(socket.AF_UNIX, kind)
    try:
        path.unlink(missing_ok=True)
        made.bind(str(path))
        path.chmod(0o666)
    except OSError as error:
        made.close()
        raise ListenError(f"cannot listen at {path}: {error.strerror or error}") from error
    return made


def _uid_of(connection: socket.socket) -> int:
    size = struct.calcsize("3i")
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    uid: int = struct.unpack("3i", told)[1]
    return uid
