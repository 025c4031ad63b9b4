"""The log of a hub as a part of the running program."""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from security.errors import SecurityError, TrustError
from security.registry import Registry
from sync.errors import LogError, StoreError, SyncError
from sync.log.alarms import Alarms
from sync.log.contact import CONTACT_TYPE, ParentSide, Reply, encode_reply
from sync.log.folder import LogFolder
from sync.log.hublog import HubLog
from sync.log.serving import CONTACT_PATH, LogApplication
from sync.log.witness import Witness
from sync.transports.http import ExchangeApplication
from sync.wallclock import WallClock
from web.notes import alarm_notes
from web.opening import Installation

LOG_FOLDER = "log"
UPDATE_S = 10.0
"""A checkpoint stands within this time of what it counts."""

_STOP_S = 5.0
_MISSING_NAMED = 10

_log = logging.getLogger(__name__)

DeviceOf = Callable[[dict[str, Any]], str | None]


class LogKeeper:
    """Follow the store with the log, serve it, and answer children about logs."""

    def __init__(self, installation: Installation) -> None:
        """Open the log.

        Raises:
            LogError: Its files are damaged, or are another hub's.
        """
        settings, station = installation.settings, installation.station
        self._journal = installation.casebook.journal
        self._registry = installation.registry
        self.unit = station.unit
        self.alarms = Alarms(installation.store, alarm_notes(self._journal))
        self.log = HubLog(
            LogFolder(settings.data / LOG_FOLDER),
            installation.store,
            station.device,
            installation.keys.signing,
        )
        self.witness = Witness(
            store=installation.store,
            registry=installation.registry,
            device=station.device,
            signer=installation.keys.signing,
            clock=WallClock(),
            may_witness=self._may_witness,
        )
        self._side = ParentSide(
            self.log, self.witness, installation.store, installation.registry, self.alarms
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    def start(self) -> None:
        """Begin to follow the store."""
        self._thread.start()

    def stop(self) -> None:
        """End; the next start goes on from the published head."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)

    def application(self, device_of: DeviceOf) -> Callable[..., Iterable[bytes]]:
        """The WSGI application for everything under `/log/`."""
        contact = ExchangeApplication(
            self._answer, device_of, path=CONTACT_PATH, content_type=CONTACT_TYPE
        )
        return LogApplication(self.log.folder, contact)

    def _answer(self, raw: bytes, device: str) -> bytes:
        try:
            _check_child(self._registry, device, self.unit)
            return self._side.answer(raw, device)
        except (SecurityError, SyncError) as error:
            _log.warning(
                "a child was not answered about logs",
                extra={"device": device, "error": str(error)},
            )
            return encode_reply(Reply())

    def _may_witness(self, unit: str) -> bool:
        """Children by their parent, and siblings by one another."""
        parent = self._registry.unit(unit).parent
        own = self._registry.unit(self.unit).parent
        return parent is not None and parent in {self.unit, own}

    def _run(self) -> None:
        try:
            self._update()
            self._check()
            while not self._stopping.wait(UPDATE_S):
                self._update()
        except StoreError:
            _log.info("the program stopped before the log was complete")

    def _update(self) -> None:
        try:
            added = self.log.update()
        except LogError:
            _log.exception("the log could not be written; it is tried again")
            return
        if added:
            _log.debug("the log grew", extra={"leaves": added, "size": self.log.head.size})

    def _check(self) -> None:
        """Every leaf has its document, or IT staff and the units above are told."""
        missing = 0
        first: list[int] = []
        for index in self.log.missing():
            missing += 1
            first = [*first, index][:_MISSING_NAMED]
            if self._stopping.is_set():
                return
        if missing:
            _log.error("the store lacks records of its log", extra={"count": missing})
            facts = {"count": missing, "first": first}
            self._journal.note(
                "alarm", clerk="", object=self.log.origin, outcome="missing", facts=facts
            )


def _check_child(registry: Registry, device: str, unit: str) -> None:
    known = registry.device(device)
    if registry.unit(known.unit).parent != unit or registry.revoked_after(device) is not None:
        raise TrustError(f"device {device} is none of a unit below {unit}")
