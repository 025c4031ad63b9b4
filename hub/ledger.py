"""The accounts of a hub's tunnels: sessions, clone alarms and terminals, durable, in SQLite.

A file of its own: it grows with time and not with cases, and is pruned by age.
"""

import csv
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final, TextIO

from sqlite_utils import Database
from sqlite_utils.db import Table

from security.tunnel.accounting import (
    CloneAlarm,
    SessionRecord,
    StatusType,
    TerminateCause,
    attributes,
)
from security.tunnel.errors import RecordingError

ROWS_MAX: Final = 200
"""Sessions on one page."""

_EXPORT_BATCH: Final = 1_000
_DAY_S: Final = 86_400

_RECORDS: Final = {
    "acct_status_type": str,
    "acct_session_id": str,
    "user_name": str,
    "certificate_serial": str,
    "calling_station_id": str,
    "event_timestamp": int,
    "acct_session_time": int,
    "acct_input_octets": int,
    "acct_output_octets": int,
    "acct_terminate_cause": str,
    "channels_opened": int,
    "channels_refused": int,
    "algorithms": str,
}
_ALARMS: Final = {"event_timestamp": int} | dict.fromkeys(CloneAlarm.__slots__, str)
_TERMINALS: Final = {
    "device": str,
    "part": str,
    "digest": str,
    "first_seen": int,
    "last_seen": int,
}


@dataclass(frozen=True, slots=True)
class TerminalChange:
    """One part of a device's machine is not what it was."""

    device: str
    part: str
    seen_at: int


class SessionLedger:
    """The file of the accounts; safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            RecordingError: It cannot be used.
        """
        self._lock = Lock()
        try:
            connection = sqlite3.connect(path, check_same_thread=False)
            connection.execute("pragma journal_mode = wal")
            # A row that was reported must outlive a power cut.
            connection.execute("pragma synchronous = full")
            self._database = Database(connection)
            self._prepare()
        except sqlite3.Error as error:
            raise RecordingError(f"{path}: the accounts cannot be opened: {error}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def add(self, record: SessionRecord) -> None:
        """Write one row; it is on the disk when this returns.

        Raises:
            RecordingError: The disk did not take it.
        """
        row = asdict(record) | {"certificate_serial": str(record.certificate_serial)}
        self._insert("accounting", row)

    def alarm(self, alarm: CloneAlarm, now: int) -> None:
        """Write a clone alarm, with the time in unix seconds.

        Raises:
            RecordingError: As `add`.
        """
        self._insert("alarms", asdict(alarm) | {"event_timestamp": now})

    def terminal(self, device: str, parts: Mapping[str, str], now: int) -> tuple[str, ...]:
        """Note what a device's machine looks like; gives the parts that it never had before.

        The first report of a part is taken as it is.

        Raises:
            RecordingError: As `add`.
        """
        changed = []
        table = self._table("terminals")
        try:
            with self._lock, self._database.conn:
                for part, digest in sorted(parts.items()):
                    known = {row["digest"] for row in self._parts(device, part)}
                    seen = {"device": device, "part": part, "digest": digest}
                    if digest in known:
                        table.update((device, part, digest), {"last_seen": now})
                        continue
                    table.insert(seen | {"first_seen": now, "last_seen": now})
                    if known:
                        changed.append(part)
        except sqlite3.Error as error:
            raise RecordingError(f"a terminal was not recorded: {error}") from error
        return tuple(changed)

    def sessions(self, offset: int = 0, *, device: str = "") -> tuple[SessionRecord, ...]:
        """The newest row of each session, the latest first, at most `ROWS_MAX`."""
        rows = self._rows(
            "select * from accounting where rowid in (select max(rowid) from accounting "
            "where user_name = :device or (:device = '' and user_name <> '') "
            "group by acct_session_id) "
            "order by rowid desc limit :limit offset :offset",
            {"device": device, "limit": ROWS_MAX, "offset": offset},
        )
        return tuple(_record(row) for row in rows)

    def count(self) -> int:
        """How many sessions are on record."""
        [row] = self._rows(
            "select count(distinct acct_session_id) as n from accounting where user_name <> ''"
        )
        return int(row["n"])

    def alarms(self) -> tuple[tuple[int, CloneAlarm], ...]:
        """The latest clone alarms with their times, the latest first."""
        rows = self._rows(
            "select * from alarms order by rowid desc limit :limit", {"limit": ROWS_MAX}
        )
        return tuple(
            (
                int(row["event_timestamp"]),
                CloneAlarm(**{name: str(row[name]) for name in CloneAlarm.__slots__}),
            )
            for row in rows
        )

    def changes(self) -> tuple[TerminalChange, ...]:
        """Parts of machines that took the place of others, the latest first."""
        rows = self._rows(
            "select * from terminals as t where exists (select 1 from terminals as o where "
            "o.device = t.device and o.part = t.part and o.first_seen < t.first_seen) "
            "order by first_seen desc limit :limit",
            {"limit": ROWS_MAX},
        )
        return tuple(
            TerminalChange(str(row["device"]), str(row["part"]), int(row["first_seen"]))
            for row in rows
        )

    def prune(self, now: int, days: int) -> int:
        """Drop rows that are older than so many days; gives how many."""
        before = {"before": now - days * _DAY_S}
        dropped = 0
        try:
            with self._lock, self._database.conn as connection:
                for table in ("accounting", "alarms"):
                    dropped += connection.execute(
                        f"delete from {table} where event_timestamp < :before",  # noqa: S608 (fixed)
                        before,
                    ).rowcount
        except sqlite3.Error as error:
            raise RecordingError(f"old accounts were not dropped: {error}") from error
        return dropped

    def export(self, file: TextIO) -> int:
        """Write all rows as CSV with the names of RFC 2866; gives how many."""
        writer: csv.DictWriter[str] | None = None
        count = 0
        for record in self._all():
            row = attributes(record)
            if writer is None:
                writer = csv.DictWriter(file, list(row), lineterminator="\r\n")
                writer.writeheader()
            writer.writerow(row)
            count += 1
        return count

    def _all(self) -> Iterator[SessionRecord]:
        last = 0
        while rows := self._rows(
            "select rowid as n, * from accounting where rowid > :last order by rowid "
            "limit :limit",
            {"last": last, "limit": _EXPORT_BATCH},
        ):
            yield from (_record(row) for row in rows)
            last = int(rows[-1]["n"])

    def _prepare(self) -> None:
        accounting = self._table("accounting")
        accounting.create(_RECORDS, if_not_exists=True)
        accounting.create_index(["acct_session_id"], if_not_exists=True)
        accounting.create_index(["user_name", "event_timestamp"], if_not_exists=True)
        accounting.create_index(["event_timestamp"], if_not_exists=True)
        self._table("alarms").create(_ALARMS, if_not_exists=True)
        self._table("terminals").create(
            _TERMINALS, pk=("device", "part", "digest"), if_not_exists=True
        )

    def _table(self, name: str) -> Table:
        table = self._database[name]
        assert isinstance(table, Table)
        return table

    def _parts(self, device: str, part: str) -> list[dict[str, Any]]:
        return list(
            self._table("terminals").rows_where("device = ? and part = ?", [device, part])
        )

    def _insert(self, table: str, row: Mapping[str, object]) -> None:
        try:
            with self._lock, self._database.conn:
                self._table(table).insert(dict(row))
        except sqlite3.Error as error:
            raise RecordingError(f"a row of the accounts was not written: {error}") from error

    def _rows(self, query: str, values: Mapping[str, object] | None = None) -> list[Any]:
        try:
            with self._lock:
                return list(self._database.query(query, dict(values or {})))
        except sqlite3.Error as error:
            raise RecordingError(f"the accounts cannot be read: {error}") from error


def _record(row: Mapping[str, Any]) -> SessionRecord:
    cause = row["acct_terminate_cause"]
    values = {name: row[name] for name in _RECORDS}
    return SessionRecord(
        **values
        | {
            "acct_status_type": StatusType(row["acct_status_type"]),
            "acct_terminate_cause": TerminateCause(cause) if cause else None,
            "certificate_serial": int(row["certificate_serial"]),
        }
    )
