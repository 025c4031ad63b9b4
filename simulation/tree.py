"""A registry with real keys for any small tree, drawn from a seeded source."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from security.header import ZEROS
from security.registry import Registry, sign_statement
from security.signing import ReadingKey, SigningKey

RandomBytes = Callable[[int], bytes]

KEY_BYTES = 32
EPOCH = 1

SSH_LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
"""There are no tunnels in the simulator; the registry wants a well-formed line."""


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit of the tree, as in the tables of divisions; parents stand before children."""

    code: str
    name: str
    tier: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class UnitKeys:
    """The secrets of one unit and its one device."""

    unit: SigningKey = field(repr=False)
    reading: ReadingKey = field(repr=False)
    device: SigningKey = field(repr=False)
    device_reading: ReadingKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyedTree:
    """A registry, the keys behind it, and the city's two offline keys."""

    registry: Registry
    units: dict[str, UnitKeys]
    root: SigningKey = field(repr=False)
    escrow: ReadingKey = field(repr=False)


def keyed_tree(rows: Sequence[UnitRow], random_bytes: RandomBytes) -> KeyedTree:
    """Make keys for every unit and sign the registry that names them."""
    root = SigningKey.from_private(random_bytes(KEY_BYTES))
    escrow = ReadingKey.from_private(random_bytes(KEY_BYTES))
    tree = KeyedTree(Registry(root.public), {}, root, escrow)
    for row in rows:
        keys = UnitKeys(
            SigningKey.from_private(random_bytes(KEY_BYTES)),
            ReadingKey.from_private(random_bytes(KEY_BYTES)),
            SigningKey.from_private(random_bytes(KEY_BYTES)),
            ReadingKey.from_private(random_bytes(KEY_BYTES)),
        )
        signer = tree.units[row.parent].unit if row.parent else root
        tree.registry.apply(sign_statement(_unit(row, keys, escrow), signer))
        device = _device(row.code, keys.device.public, keys.device_reading.public)
        place = {"n": 1, "prev": tree.registry.next_place(row.code)[1]}
        tree.registry.apply(sign_statement({**device, **place}, signer))
        tree.units[row.code] = keys
    return tree


def device_of(unit: str) -> str:
    """Return the id of a unit's one device."""
    return f"{unit}-01"


def _unit(row: UnitRow, keys: UnitKeys, escrow: ReadingKey) -> dict[str, object]:
    statement = {
        "unit": row.code,
        "n": 0,
        "prev": ZEROS,
        "kind": "unit",
        "name": row.name,
        "tier": row.tier,
        "parent": row.parent,
        "signing": keys.unit.public,
        "reading": keys.reading.public,
        "epoch": EPOCH,
    }
    return {**statement, "escrow": escrow.public} if row.parent is None else statement


def _device(unit: str, signing: bytes, reading: bytes) -> dict[str, object]:
    return {
        "unit": unit,
        "kind": "device",
        "device": device_of(unit),
        "station": 1,
        "signing": signing,
        "reading": reading,
        "ssh": SSH_LINE,
        "host": SSH_LINE,
    }
