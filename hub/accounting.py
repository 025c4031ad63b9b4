"""Keeps the accounts of the gateway while it runs, and ends sessions that lost their right."""

import json
import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict
from threading import Event, Thread
from typing import Any, Final

from casebook.errors import NoteError
from casebook.journal import Journal
from hub.access import Admitted
from hub.ledger import SessionLedger
from security.errors import TrustError
from security.tunnel.accounting import (
    CloneAlarm,
    SessionRecord,
    StatusType,
    attributes,
    gateway_record,
)
from security.tunnel.admission import DeviceGateway, Reports
from security.tunnel.errors import RecordingError
from security.tunnel.terminal import TERMINAL_PATH, TERMINAL_TYPE, checked_terminal
from sync.errors import StoreError

_log = logging.getLogger(__name__)

_accounting = logging.getLogger("postroad.accounting")

LOOK_S: Final = 2.0
"""How soon a revocation, or the end of a device's hours, ends its live session."""

PRUNE_S: Final = 24 * 3600.0

TERMINAL_BYTES_MAX: Final = 512

_STOP_S: Final = 10.0
_ID_BYTES: Final = 8

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Accountant:
    """What is told of sessions goes to the ledger, to the log, and into the audit journal.

    Interim rows stay at this hub; beginnings, ends and alarms stand in the journal, and so
    travel up and cannot be taken back.
    """

    def __init__(self, ledger: SessionLedger, journal: Journal, now: Callable[[], int]) -> None:
        """Take where rows go; `now` is unix seconds."""
        self._ledger = ledger
        self._journal = journal
        self.now = now

    def reports(self) -> Reports:
        """What the gateway calls."""
        return Reports(on_session=self.take, on_clone=self.alarm)

    def take(self, record: SessionRecord) -> None:
        """Record one row, durably.

        Raises:
            RecordingError: It was not recorded.
        """
        self._ledger.add(record)
        row = attributes(record)
        _accounting.info("session", extra={"accounting": row})
        if record.acct_status_type is not StatusType.INTERIM_UPDATE:
            self._hand_on("tunnel", record.user_name, "ok", row)

    def alarm(self, alarm: CloneAlarm) -> None:
        """Record that two machines answer under one device.

        Raises:
            RecordingError: It was not recorded.
        """
        _log.error("two machines under one device", extra={"clone": asdict(alarm)})
        self._ledger.alarm(alarm, self.now())
        facts = {name: value for name, value in asdict(alarm).items() if name != "device"}
        self._hand_on("alarm", alarm.device, "clone", facts)

    def terminal(self, device: str, parts: dict[str, str]) -> None:
        """Compare what a device's machine looks like with what it looked like before.

        Raises:
            RecordingError: It was not recorded.
        """
        changed = self._ledger.terminal(device, parts, self.now())
        if changed:
            names = ",".join(changed)
            _log.warning("a device is on another machine", extra={"device": device})
            self._hand_on("alarm", device, "terminal", {"parts": names})

    def _hand_on(
        self, action: str, device: str, outcome: str, facts: "dict[str, str | int]"
    ) -> None:
        """Where the accounts of tunnels enter the audit journal."""
        named = {name.lower().replace("-", "_"): value for name, value in facts.items()}
        try:
            self._journal.note(action, clerk="", object=device, outcome=outcome, facts=named)
        except (NoteError, StoreError) as error:
            raise RecordingError(f"the journal took no note: {error}") from error


class GatewayPart:
    """The gateway as a part of the program: with its accounts on and off, and looked after."""

    def __init__(
        self,
        gateway: DeviceGateway,
        accountant: Accountant,
        ledger: SessionLedger,
        judge: Callable[[str], Admitted],
        interim_s: float,
        retention_days: int,
    ) -> None:
        """Take the gateway, and what judges a device: TrustError ends its session."""
        self._gateway = gateway
        self._accountant = accountant
        self._ledger = ledger
        self._judge = judge
        self._interim_s = interim_s
        self._retention_days = retention_days
        self._name = secrets.token_hex(_ID_BYTES)
        self._is_stopping = Event()
        self._thread = Thread(target=self._run, name="accounting", daemon=True)

    def start(self) -> None:
        """Write Accounting-On and let devices in."""
        self._note(StatusType.ACCOUNTING_ON)
        self._gateway.start()
        self._thread.start()

    def stop(self) -> None:
        """End all sessions and write Accounting-Off."""
        self._is_stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
        self._gateway.stop()
        try:
            self._note(StatusType.ACCOUNTING_OFF)
        except RecordingError as error:
            _log.warning("the end of the accounts was not written", extra={"why": str(error)})
        self._ledger.close()

    def close_device(self, device: str) -> None:
        """End the session of a device at once; its right was taken away."""
        self._gateway.close_device(device)

    def _note(self, status: StatusType) -> None:
        self._accountant.take(gateway_record(status, self._name, self._accountant.now()))

    def _run(self) -> None:
        since_interim, since_prune = 0.0, PRUNE_S
        while not self._is_stopping.wait(LOOK_S):
            since_interim += LOOK_S
            since_prune += LOOK_S
            try:
                live = self._gateway.sessions()
                self._end_those_without_right(live)
                if since_interim >= self._interim_s:
                    since_interim = 0.0
                    for record in live:
                        self._accountant.take(record)
                if since_prune >= PRUNE_S:
                    since_prune = 0.0
                    self._ledger.prune(self._accountant.now(), self._retention_days)
            except RecordingError as error:
                _log.error("the accounts are not kept", extra={"why": str(error)})

    def _end_those_without_right(self, live: Iterable[SessionRecord]) -> None:
        for device in sorted({record.user_name for record in live}):
            try:
                self._judge(device)
            except TrustError as error:
                _log.warning("session ended", extra={"device": device, "reason": str(error)})
                self._gateway.close_device(device)


def with_terminals(
    exchange: Application,
    device_of: Callable[[dict[str, Any]], str | None],
    accountant: Accountant,
) -> Application:
    """The exchanges, and beside them the path at which devices tell what machine they are."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        if environ.get("PATH_INFO") != TERMINAL_PATH:
            return exchange(environ, start_response)
        device = device_of(environ)
        status = "403 Forbidden" if device is None else _take(environ, device, accountant)
        start_response(status, [("Content-Type", TERMINAL_TYPE), ("Content-Length", "2")])
        return [b"{}"]

    return application


def _take(environ: dict[str, Any], device: str, accountant: Accountant) -> str:
    length = str(environ.get("CONTENT_LENGTH", ""))
    if environ.get("REQUEST_METHOD") != "POST" or not length.isdecimal():
        return "400 Bad Request"
    if int(length[:6]) > TERMINAL_BYTES_MAX:
        return "413 Content Too Large"
    try:
        parts = checked_terminal(json.loads(environ["wsgi.input"].read(int(length))))
        accountant.terminal(device, parts)
    except (ValueError, RecursionError):
        return "400 Bad Request"
    except RecordingError:
        return "503 Service Unavailable"
    return "200 OK"
