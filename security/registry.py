"""The registry: which units and devices there are, as signed by the unit above each.

Every unit has a log of statements, each naming the hash of the one before. Authority is judged
at the place in the log where a statement stands: by the parent and the keys that held then, and
for a device by the feed position after which it was revoked (the rule of Keybase's sigchain).
A second log holds what the unit itself publishes to all below.

A registry is alive: one thread at a time may apply statements while any number read.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise

from security.errors import EarlyError, TrustError
from security.header import ZEROS
from security.registry_rules import LOG_LENGTH_MAX, accept, early, refusal, stood_above
from security.registry_state import Log, Publication, State, Unit, log_name
from security.statements import (
    STATEMENTS_MAX,
    Device,
    Epoch,
    Statement,
    decode_log,
    encode_log,
    parse_statement,
    sign_statement,
)

__all__ = [
    "Device",
    "Head",
    "Publication",
    "Registry",
    "Unit",
    "decode_log",
    "encode_log",
    "parse_statement",
    "sign_statement",
]


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log is known: its name, how many statements, and the hash of the last."""

    log: str
    count: int
    hash: bytes


class Registry:
    """All statements that were accepted, and what they come to.

    Statements are applied one by one and checked completely; one that is refused changes
    nothing.
    """

    def __init__(self, root_public: bytes) -> None:
        self._state = State(root_public)

    def apply(self, raw: bytes) -> Statement | None:
        """Accept one statement and give it; None for one that was accepted before.

        Not for two threads at once.

        Raises:
            FormatError: It is not a statement.
            EarlyError: One that it builds on is not here yet: keep it and try again.
            TrustError: It cannot stand here: not signed by a unit above, a fork, or against the
                rules of the tree.
        """
        statement = parse_statement(raw)
        position, head = self.next_place(statement.unit, statement.log)
        if statement.position < position:
            if (
                self._log(statement.unit, statement.log).hashes[statement.position]
                != statement.hash
            ):
                raise refusal(statement, "another statement stands at this place")
            return None
        if statement.position > position:
            raise early(statement, f"the one at position {position} is missing")
        if statement.prev != head:
            raise refusal(statement, "it does not follow the one before")
        if position >= LOG_LENGTH_MAX or len(self._state.accepted) >= STATEMENTS_MAX:
            raise refusal(statement, "the log is full")
        accept(self._state, statement)
        return statement

    def apply_all(self, statements: Iterable[bytes]) -> None:
        """Accept statements in whatever order they can be accepted in.

        Raises:
            FormatError, TrustError: As `apply`; those before it were accepted.
        """
        waiting = list(statements)
        while waiting:
            late = []
            for raw in waiting:
                try:
                    self.apply(raw)
                except EarlyError:
                    late.append(raw)
            if len(late) == len(waiting):
                self.apply(late[0])
            waiting = late

    @property
    def root_key(self) -> bytes:
        """The public key of the city root, from which all trust comes."""
        return self._state.root_public

    @property
    def root(self) -> Unit:
        """The unit at the top.

        Raises:
            TrustError: No statement about it was applied yet.
        """
        if self._state.root is None:
            raise TrustError("the registry is empty")
        return self._state.units[self._state.root]

    @property
    def escrow(self) -> bytes:
        """The X25519 key of the escrow holders, stated with the root.

        Raises:
            TrustError: As `root`.
        """
        if self._state.escrow is None:
            raise TrustError("the registry is empty")
        return self._state.escrow

    def unit(self, code: str) -> Unit:
        """Give the unit.

        Raises:
            TrustError: There is none of this code.
        """
        if code not in self._state.units:
            raise TrustError(f"unit {code} is not in the registry")
        return self._state.units[code]

    def units(self) -> tuple[Unit, ...]:
        """Give all units; a parent stands before its children unless it was moved later."""
        return tuple(self._state.units.copy().values())

    def children(self, code: str) -> tuple[Unit, ...]:
        """Give the units directly below, by code."""
        self.unit(code)
        return tuple(
            self._state.units[child] for child in sorted(self._state.logs[code].children)
        )

    def path(self, code: str) -> tuple[str, ...]:
        """Give the codes from the root to the unit itself."""
        return self.unit(code).path

    def device(self, device_id: str) -> Device:
        """Give the device, revoked or not.

        Raises:
            TrustError: There is none of this id.
        """
        if device_id not in self._state.devices:
            raise TrustError(f"device {device_id} is not in the registry")
        return self._state.devices[device_id]

    def devices(self, unit: str) -> tuple[Device, ...]:
        """Give the devices of a unit by station, revoked ones too."""
        self.unit(unit)
        return tuple(
            self._state.devices[device] for device in sorted(self._state.logs[unit].devices)
        )

    def device_at(self, unit: str, station: int) -> Device:
        """Give the device that has the station; a station is never given twice.

        Raises:
            TrustError: None has it.
        """
        return self.device(f"{unit}-{station:02d}")

    def is_revoked(self, device_id: str, seq: int) -> bool:
        """Tell whether the device had lost its authority at position `seq` of its feed.

        Raises:
            TrustError: There is no such device.
        """
        after_seq = self.revoked_after(device_id)
        return after_seq is not None and seq > after_seq

    def revoked_after(self, device_id: str) -> int | None:
        """Give the last feed position that still counts, or None for a device in good standing.

        Raises:
            TrustError: There is no such device.
        """
        return self._state.revoked_after.get(self.device(device_id).id)

    def is_active(self, device_id: str) -> bool:
        """Tell whether there is such a device and nobody revoked it."""
        return device_id in self._state.devices and device_id not in self._state.revoked_after

    def incarnation(self, device_id: str) -> int:
        """Give the incarnation in which the feed of a device goes on; 0 is the first."""
        return len(self._state.incarnations.get(device_id, ()))

    def has_ended(self, device_id: str, incarnation: int, seq: int) -> bool:
        """Tell whether an earlier incarnation of a feed had ended before position `seq`."""
        ends = self._state.incarnations.get(device_id, ())
        return incarnation < len(ends) and seq > ends[incarnation]

    def epoch(self, unit: str, epoch: int) -> Epoch | None:
        """Give the statement of a reading key, or None for one that came with the unit.

        Raises:
            TrustError: There is no such unit.
        """
        self.unit(unit)
        return self._state.logs[unit].epochs.get(epoch)

    def epochs(self, unit: str) -> tuple[Epoch, ...]:
        """Give all reading keys of a unit that were stated with their sealed halves."""
        self.unit(unit)
        return tuple(self._state.logs[unit].epochs.copy().values())

    def publications(self, unit: str) -> tuple[Publication, ...]:
        """Give what a unit published, in the order in which it did."""
        return self._state.publications.get(unit, ())

    def had_parent(self, child: str, parent: str) -> bool:
        """Tell whether `child` stands or once stood directly below `parent`."""
        return child in self._state.logs and parent in self._state.logs[child].parents

    def knows_path(self, path: tuple[str, ...]) -> bool:
        """Tell whether each unit of a path stands or stood below the one before it.

        What was signed before a unit moved keeps the path of its time.
        """
        if not path or path[0] != self._state.root:
            return False
        return all(self.had_parent(child, parent) for parent, child in pairwise(path))

    def concerned(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Give the units whom a record under this path concerns: then, and now."""
        home = self._state.units.get(path[-1])
        return tuple(dict.fromkeys((*path, *(home.path if home else ()))))

    def came_from_elsewhere(self, unit: str) -> tuple[str, ...]:
        """Give the units below `unit` that once stood somewhere else, by code.

        Old records about them name paths without `unit`, and concern it all the same.
        """
        units = self._state.units
        moved = self._state.moved.copy()
        below = [code for code in moved if unit in units[code].path[:-1]]
        return tuple(sorted(code for code in below if self._strayed(code, unit)))

    def moved(self) -> frozenset[str]:
        """Give the units that once stood elsewhere than they do now."""
        return frozenset(self._state.moved.copy())

    def stood_above(self, code: str) -> frozenset[str]:
        """Give all units that a unit has or had above it, and the unit itself."""
        return frozenset(stood_above(self._state, code))

    def heads(self, units: Collection[str]) -> tuple[Head, ...]:
        """Give how far the logs of some units are known, to compare with a neighbour."""
        names = [name for code in units for name in (code, log_name(code, "own"))]
        found = []
        for name in names:
            hashes = self._state.logs[name].hashes if name in self._state.logs else []
            if hashes:
                count = len(hashes)
                found.append(Head(name, count, hashes[count - 1]))
        return tuple(found)

    def hash_at(self, log: str, count: int) -> bytes | None:
        """Give the hash of the statement that makes a log `count` long, or None beyond it."""
        hashes = self._state.logs[log].hashes if log in self._state.logs else []
        return hashes[count - 1] if 0 < count <= len(hashes) else None

    def key_number(self, unit: str) -> int:
        """Give the `key` with which a unit signs now.

        Raises:
            TrustError: There is no such unit.
        """
        self.unit(unit)
        return len(self._state.logs[unit].keys) - 1

    def next_place(self, unit: str, log: str = "") -> tuple[int, bytes]:
        """Give `n` and `prev` of the next statement in a log of `unit`, known or not."""
        hashes = self._log(unit, log).hashes
        return (len(hashes), hashes[-1]) if hashes else (0, ZEROS)

    def statements(self, units: Collection[str] | None = None) -> tuple[bytes, ...]:
        """Give all statements, or those about `units` and all that ever stood above them.

        They stand in the order in which they were accepted, and can be applied again in it.
        """
        if units is None:
            return tuple(raw for _, raw in self._state.accepted.copy())
        wanted: dict[str, None] = {}
        for code in units:
            wanted |= stood_above(self._state, self.unit(code).code)
        return tuple(raw for unit, raw in self._state.accepted.copy() if unit in wanted)

    def _log(self, unit: str, log: str) -> Log:
        return self._state.logs.get(log_name(unit, log)) or _NO_LOG

    def _strayed(self, code: str, unit: str) -> bool:
        """Tell whether a unit below `unit` ever had a parent that was not below it."""
        return any(
            parent != unit and unit not in stood_above(self._state, parent)
            for parent in self._state.logs[code].parents
        )


_NO_LOG = Log()
