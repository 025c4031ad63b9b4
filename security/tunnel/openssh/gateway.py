"""The gateway of a hub when Debian's sshd carries the tunnels."""

import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, RLock, Thread
from types import TracebackType
from typing import Final, Self

from security.errors import TrustError
from security.tunnel.accounting import CloneAlarm, SessionRecord, StatusType, TerminateCause
from security.tunnel.admission import Admission, Entrance, Reports
from security.tunnel.errors import RecordingError
from security.tunnel.openssh.listeners import Listeners, StreamLimits
from security.tunnel.openssh.loglines import Connected, Ended, LoggedIn, LoginFailed
from security.tunnel.openssh.logsocket import LogSocket, Told
from security.tunnel.openssh.porter import Porter
from security.tunnel.openssh.processes import end_session, is_running
from security.tunnel.openssh.sessions import Session, SessionBook

_log = logging.getLogger(__name__)

# How often the kernel is asked for octets and for connections that ended without a word.
_LOOK_S: Final = 0.5

_STOP_S: Final = 10.0

_REASON_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class OpensshSettings:
    """How the hub works together with sshd.

    `folder` holds the two sockets, `account_uid` is the account of sshd's sessions. `proof_s`
    must be longer than `ClientAliveInterval`, as a living device answers at least that often.
    """

    folder: Path
    account_uid: int
    proof_s: float = 45.0
    streams_per_device_max: int = 16


class OpensshGateway:
    """Admits devices for sshd, delivers their streams to the API, and keeps the accounts.

    sshd does the cryptography and the limits on connections; it is started beside the hub and
    not by it. Without this program nobody is admitted.
    """

    def __init__(
        self,
        settings: OpensshSettings,
        admission: Admission,
        entrance: Entrance,
        reports: Reports | None = None,
    ) -> None:
        """Listen in the folder.

        Raises:
            ListenError: A socket cannot be made there.
        """
        self._settings = settings
        self._admission = admission
        self._reports = reports or Reports()
        self._listeners = Listeners(
            admission.ca_public,
            settings.account_uid,
            entrance,
            StreamLimits(settings.streams_per_device_max, admission.rate_bytes_s),
        )
        self._porter = Porter(settings.folder, settings.account_uid, admission, self._listeners)
        self._log_socket = LogSocket(settings.folder, _LOOK_S / 4)
        self._book = SessionBook(admission.now)
        self._lock = RLock()
        self._is_stopping = Event()
        self._thread = Thread(target=self._run, name="openssh-follower", daemon=True)

    def start(self) -> None:
        """Begin to admit."""
        self._listeners.start()
        self._thread.start()
        self._porter.start()

    def sessions(self) -> tuple[SessionRecord, ...]:
        """The live sessions as interim rows of the accounting, to ask for now and then."""
        with self._lock:
            live = self._book.everybody()
            for session in live:
                session.measure()
            return tuple(self._record(session, StatusType.INTERIM_UPDATE) for session in live)

    def close_device(self, device: str) -> bool:
        """End the session of a device at once; False if it had none.

        Its streams end here and no new ones come in, even if sshd cannot be told.
        """
        self._listeners.shut(device)
        with self._lock:
            sessions = [one for one in self._book.everybody() if one.device == device]
            for session in sessions:
                self._end(session, TerminateCause.ADMIN_RESET)
        return bool(sessions)

    def stop(self) -> None:
        """Admit nobody any more, end all sessions, and wait for the threads."""
        self._porter.stop()
        with self._lock:
            for session in self._book.everybody():
                self._end(session, TerminateCause.ADMIN_REBOOT)
        until = time.monotonic() + _STOP_S
        while self._book.everybody() and time.monotonic() < until:
            self._is_stopping.wait(_LOOK_S / 10)
        self._is_stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
        for session in self._book.everybody():
            self._stopped(session)
        self._log_socket.close()
        self._listeners.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        look_at = 0.0
        while not self._is_stopping.is_set():
            told = self._log_socket.read()
            with self._lock:
                if told is not None:
                    self._take(told)
                if time.monotonic() >= look_at:
                    look_at = time.monotonic() + _LOOK_S
                    self._look()

    def _take(self, told: Told) -> None:
        is_root = told.uid == 0
        if not is_root and told.uid != self._settings.account_uid:
            return
        match told.event:
            case Connected() as event if is_root:
                self._book.connected(told.pid, event)
            case LoggedIn() as event if is_root:
                self._logged_in(told.pid, event)
            case LoginFailed() as event if is_root:
                self._refused(told.pid, event)
            case event:
                session = self._book.told_by(told.pid, event)
                if session is not None and isinstance(event, Ended):
                    self._stopped(session)

    def _logged_in(self, pid: int, event: LoggedIn) -> None:
        older = self._book.current(event.device)
        session = self._book.logged_in(pid, event, self._listeners.opened(event.device))
        if session is None:
            _log.error("a login without a connection", extra={"device": event.device})
            return
        session.measure()
        try:
            self._reports.on_session(self._record(session, StatusType.START))
            self._porter.admit_again(session.device, session.serial)
        except (RecordingError, TrustError) as error:
            _log.warning("tunnel login refused", extra={"reason": str(error)})
            session.cause = TerminateCause.ADMIN_RESET
            return
        if older is not None:
            older.newer = session
            older.taken_over_at = time.monotonic()

    def _refused(self, pid: int, event: LoginFailed) -> None:
        refused = self._book.refused(pid, event)
        if refused is not None:
            extra = {"peer": refused[0], "reason": refused[1][:_REASON_LENGTH_MAX]}
            _log.warning("tunnel login refused", extra=extra)

    def _look(self) -> None:
        for session in self._book.everybody():
            is_there = session.measure()
            if not is_there and not is_running(session.pid):
                self._stopped(session)
                continue
            self._listeners.keep(session.device, session.serial)
            if session.cause is TerminateCause.ADMIN_RESET:
                self._end(session, TerminateCause.ADMIN_RESET)
            elif session.newer is not None:
                self._judge(session, session.newer)

    def _judge(self, older: Session, newer: Session) -> None:
        """End a session that was taken over: with an alarm if somebody still speaks in it."""
        if older.proved_alive():
            self._reports.on_clone(
                CloneAlarm(
                    device=older.device,
                    older_session_id=older.session_id,
                    older_peer=f"{older.peer[0]}:{older.peer[1]}",
                    newer_session_id=newer.session_id,
                    newer_peer=f"{newer.peer[0]}:{newer.peer[1]}",
                )
            )
            self._end(older, TerminateCause.PORT_PREEMPTED)
        elif time.monotonic() > older.taken_over_at + self._settings.proof_s:
            self._end(older, TerminateCause.LOST_CARRIER)

    def _end(self, session: Session, cause: TerminateCause) -> None:
        session.measure()
        session.cause = session.cause or cause
        process = session.child or session.pid
        if not end_session(process, self._settings.account_uid) and is_running(process):
            _log.error(
                "a session of sshd cannot be ended: the hub lacks CAP_KILL",
                extra={"device": session.device, "pid": process},
            )

    def _stopped(self, session: Session) -> None:
        if not self._book.forget(session):
            return
        cause = session.cause or TerminateCause.LOST_CARRIER
        record = self._record(session, StatusType.STOP, cause)
        try:
            self._reports.on_session(record)
        except RecordingError as error:
            _log.error("the end of a session was not recorded", extra={"reason": str(error)})
        _log.info("tunnel session ended", extra=asdict(record))

    def _record(
        self, session: Session, status: StatusType, cause: TerminateCause | None = None
    ) -> SessionRecord:
        opened = self._listeners.opened(session.device)
        return session.record(status, self._admission.now(), opened, cause)
