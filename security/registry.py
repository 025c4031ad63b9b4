"""The registry: which units and devices there are, as signed by the unit above each.

Every unit has a log of statements, each naming the hash of the one before. Authority is judged
at the place in the log where a statement stands: by the parent and the keys that held then, and
for a device by the feed position after which it was revoked (the rule of Keybase's sigchain).
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from security.errors import SignatureError, TrustError
from security.header import DEPTH_MAX, ZEROS
from security.statements import (
    Device,
    Revocation,
    StatedUnit,
    Statement,
    decode_log,
    encode_log,
    parse_statement,
    sign_statement,
)

__all__ = [
    "Device",
    "Registry",
    "Unit",
    "decode_log",
    "encode_log",
    "parse_statement",
    "sign_statement",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """A place in the organisation tree, as the registry knows it now.

    `path` runs from the root to the unit itself. `signing` signs statements about the units
    below; `reading` is the key of `epoch`, to which case keys are sealed.
    """

    code: str
    name: str
    tier: str
    parent: str | None
    path: tuple[str, ...]
    signing: bytes
    reading: bytes
    epoch: int


@dataclass(slots=True)
class _Log:
    """What is kept of a unit beside the unit itself."""

    hashes: list[bytes] = field(default_factory=list)
    parents: dict[str, None] = field(default_factory=dict)  # all it ever had
    children: dict[str, None] = field(default_factory=dict)
    devices: dict[str, None] = field(default_factory=dict)


class Registry:
    """All statements that were accepted, and what they come to.

    Statements are applied one by one and checked completely; one that is refused changes
    nothing.
    """

    def __init__(self, root_public: bytes) -> None:
        self._root_public = root_public
        self._root: str | None = None
        self._escrow: bytes | None = None
        self._accepted: list[tuple[str, bytes]] = []
        self._logs: dict[str, _Log] = {}
        self._units: dict[str, Unit] = {}
        self._devices: dict[str, Device] = {}
        self._device_keys: dict[bytes, str] = {}
        self._revoked_after: dict[str, int] = {}

    def apply(self, raw: bytes) -> None:
        """Accept one statement; one that was accepted before is passed over.

        Raises:
            FormatError: It is not a statement.
            TrustError: It cannot stand here: not signed by the unit above, a gap, a fork, or
                against the rules of the tree.
        """
        statement = parse_statement(raw)
        position, head = self.next_place(statement.unit)
        if statement.position < position:
            if self._logs[statement.unit].hashes[statement.position] != statement.hash:
                raise _refusal(statement, "another statement stands at this place")
            return
        if statement.position > position:
            raise _refusal(statement, f"the one at position {position} is missing")
        if statement.prev != head:
            raise _refusal(statement, "it does not follow the one before")
        self._check_signature(statement)
        match statement.content:
            case StatedUnit() as stated:
                self._apply_unit(statement, stated)
            case Device() as device:
                self._apply_device(statement, device)
            case Revocation() as revocation:
                self._apply_revocation(statement, revocation)
        self._logs[statement.unit].hashes.append(statement.hash)
        self._accepted.append((statement.unit, statement.raw))

    @property
    def root(self) -> Unit:
        """The unit at the top.

        Raises:
            TrustError: No statement about it was applied yet.
        """
        if self._root is None:
            raise TrustError("the registry is empty")
        return self._units[self._root]

    @property
    def escrow(self) -> bytes:
        """The X25519 key of the escrow holders, stated with the root.

        Raises:
            TrustError: As `root`.
        """
        if self._escrow is None:
            raise TrustError("the registry is empty")
        return self._escrow

    def unit(self, code: str) -> Unit:
        """Give the unit.

        Raises:
            TrustError: There is none of this code.
        """
        if code not in self._units:
            raise TrustError(f"unit {code} is not in the registry")
        return self._units[code]

    def units(self) -> tuple[Unit, ...]:
        """Give all units; a parent stands before its children unless it was moved later."""
        return tuple(self._units.values())

    def children(self, code: str) -> tuple[Unit, ...]:
        """Give the units directly below, by code."""
        self.unit(code)
        return tuple(self._units[child] for child in sorted(self._logs[code].children))

    def path(self, code: str) -> tuple[str, ...]:
        """Give the codes from the root to the unit itself."""
        return self.unit(code).path

    def device(self, device_id: str) -> Device:
        """Give the device, revoked or not.

        Raises:
            TrustError: There is none of this id.
        """
        if device_id not in self._devices:
            raise TrustError(f"device {device_id} is not in the registry")
        return self._devices[device_id]

    def devices(self, unit: str) -> tuple[Device, ...]:
        """Give the devices of a unit by station, revoked ones too."""
        self.unit(unit)
        return tuple(self._devices[device] for device in sorted(self._logs[unit].devices))

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
        return self._revoked_after.get(self.device(device_id).id)

    def next_place(self, unit: str) -> tuple[int, bytes]:
        """Give `n` and `prev` of the next statement about `unit`, known or not."""
        if unit not in self._logs:
            return 0, ZEROS
        hashes = self._logs[unit].hashes
        return len(hashes), hashes[-1]

    def statements(self, units: Collection[str] | None = None) -> tuple[bytes, ...]:
        """Give all statements, or those about `units` and all that ever stood above them.

        They stand in the order in which they were accepted, and can be applied again in it.
        """
        if units is None:
            return tuple(raw for _, raw in self._accepted)
        wanted: dict[str, None] = {}
        waiting = list(units)
        while waiting:
            code = waiting.pop()
            if code not in wanted:
                wanted[self.unit(code).code] = None
                waiting += self._logs[code].parents
        return tuple(raw for unit, raw in self._accepted if unit in wanted)

    def _check_signature(self, statement: Statement) -> None:
        """Check it against the key of who stands above before the statement is accepted."""
        if statement.unit in self._units:
            parent = self._units[statement.unit].parent
        elif isinstance(statement.content, StatedUnit):
            parent = statement.content.parent
        else:
            raise _refusal(statement, "a log begins with a statement about the unit")
        signer = self._root_public if parent is None else self._above(statement, parent).signing
        try:
            statement.verify(signer)
        except SignatureError as error:
            above = "the root key" if parent is None else parent
            raise _refusal(statement, f"it is not signed by {above}") from error

    def _above(self, statement: Statement, parent: str) -> Unit:
        if parent not in self._units:
            raise _refusal(statement, f"the unit {parent} above it is not known")
        return self._units[parent]

    def _apply_unit(self, statement: Statement, stated: StatedUnit) -> None:
        unit = self._placed(statement, stated)
        before = self._units.get(unit.code)
        self._check_epoch(statement, unit, before or unit)
        if before is None:
            self._logs[unit.code] = _Log()
        elif before.parent is not None:
            del self._logs[before.parent].children[unit.code]
        if unit.parent is None:
            self._root = unit.code
            self._escrow = stated.escrow
        else:
            self._logs[unit.parent].children[unit.code] = None
            self._logs[unit.code].parents[unit.parent] = None
        self._units[unit.code] = unit
        if before is not None and before.path != unit.path:
            self._move_below(unit)

    def _placed(self, statement: Statement, stated: StatedUnit) -> Unit:
        """Give the unit with its path, if the tree has room for it there."""
        code = statement.unit
        if stated.parent is None:
            if self._root not in {None, code}:
                raise _refusal(statement, f"the root is {self._root}, and there is one root")
            above: tuple[str, ...] = ()
        else:
            above = self._above(statement, stated.parent).path
        if code in above:
            raise _refusal(statement, "a unit cannot stand below itself")
        if code == self._root and above:
            raise _refusal(statement, "the root has nothing above it")
        if len(above) + 1 + self._height(code) > DEPTH_MAX:
            raise _refusal(statement, f"the tree has more than {DEPTH_MAX} tiers")
        return Unit(
            code=code,
            name=stated.name,
            tier=stated.tier,
            parent=stated.parent,
            path=(*above, code),
            signing=stated.signing,
            reading=stated.reading,
            epoch=stated.epoch,
        )

    def _check_epoch(self, statement: Statement, unit: Unit, before: Unit) -> None:
        same_epoch = unit.epoch == before.epoch
        if unit.epoch < before.epoch or (same_epoch and unit.reading != before.reading):
            raise _refusal(statement, "a new reading key needs a new epoch")

    def _height(self, code: str) -> int:
        # The recursion is as deep as the tree, which is at most DEPTH_MAX.
        if code not in self._logs:
            return 0
        below = self._logs[code].children
        return max((1 + self._height(child) for child in below), default=0)

    def _move_below(self, unit: Unit) -> None:
        for child in self._logs[unit.code].children:
            moved = replace(self._units[child], path=(*unit.path, child))
            self._units[child] = moved
            self._move_below(moved)

    def _apply_device(self, statement: Statement, device: Device) -> None:
        if device.id in self._devices:
            raise _refusal(statement, f"the station of {device.id} was given before")
        if device.signing in self._device_keys:
            other = self._device_keys[device.signing]
            raise _refusal(statement, f"{other} has the same signing key")
        self._devices[device.id] = device
        self._device_keys[device.signing] = device.id
        self._logs[device.unit].devices[device.id] = None

    def _apply_revocation(self, statement: Statement, revocation: Revocation) -> None:
        device, after_seq = revocation.device, revocation.after_seq
        if device not in self._logs[statement.unit].devices:
            raise _refusal(statement, f"{device} is not a device of this unit")
        if after_seq > self._revoked_after.get(device, after_seq):
            raise _refusal(statement, f"{device} was revoked earlier, and stays so")
        self._revoked_after[device] = after_seq


def _refusal(statement: Statement, reason: str) -> TrustError:
    return TrustError(f"statement {statement.position} about {statement.unit}: {reason}")
