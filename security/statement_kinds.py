"""What statements say: each kind with its fields, read strictly."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from security import fields
from security.errors import FormatError
from security.suites import HASH_BYTES, KEY_BYTES, TAG_BYTES

SSH_LINE = re.compile(r"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}")
"""An OpenSSH public key line of an Ed25519 key, without a comment."""

EPOCH_READERS_MAX = 24
"""Active devices of a unit; 99 stations are its life's supply, and a statement is 4 KiB."""

GATEWAYS_MAX = 4
"""Addresses of a hub's gateway; more are not tried."""

PUBLISHED_BYTES_MAX = 64 << 20
"""A published set: the divisions of the whole country have 38 MB."""

_ADDRESS = re.compile(r"[A-Za-z0-9.:\[\]-]{1,253}:[0-9]{1,5}")
_NAME_LENGTH_MAX = 64
_VERSION_LENGTH_MAX = 32
_EPOCH_MAX = 2**32 - 1
_STATION_MAX = 99
_SEALED_BYTES = KEY_BYTES + KEY_BYTES + TAG_BYTES


@dataclass(frozen=True, slots=True)
class StatedUnit:
    """What a statement says a unit is. The root alone has no parent, and has `escrow`.

    A unit that is `closed` receives no more cases; what it has goes on. `gateways` are where
    the units below it dial in, where the city states that.
    """

    name: str
    tier: str
    parent: str | None
    signing: bytes
    reading: bytes
    epoch: int
    escrow: bytes | None
    closed: bool = False
    gateways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """One machine of a unit. `ssh` and `host` are OpenSSH lines; only hubs have `host`."""

    id: str
    unit: str
    station: int
    signing: bytes
    reading: bytes
    ssh: str
    host: str | None


@dataclass(frozen=True, slots=True)
class Revocation:
    """The end of a device's authority: its feed counts up to `after_seq` and no further."""

    device: str
    after_seq: int


@dataclass(frozen=True, slots=True)
class Epoch:
    """A new reading key of a unit; its private half is sealed to each device that may read."""

    epoch: int
    reading: bytes
    sealed: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Incarnation:
    """A device goes on in feed `number`; the one before it counts up to `after_seq`."""

    device: str
    number: int
    after_seq: int


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """A version of a named set for a unit and all below, in force from a wall time on."""

    name: str
    version: str
    hash: bytes
    size: int
    effective_ms: int


Content = StatedUnit | Device | Revocation | Epoch | Incarnation | PublishedSet | None


def read_content(values: Mapping[str, object]) -> Content:
    """Give what a statement says, or None for a kind that this program does not know.

    Raises:
        FormatError: A field of the kind is missing or not well-formed.
    """
    kind = values["kind"]
    read = _READERS.get(kind) if isinstance(kind, str) else None
    return None if read is None else read(values)


def _stated_unit(values: Mapping[str, object]) -> StatedUnit:
    name = fields.text(values, "name", length_max=_NAME_LENGTH_MAX)
    if not name.strip():
        raise FormatError("name is empty")
    is_root = fields.is_none(values, "parent")
    if not is_root and values.get("escrow") is not None:
        raise FormatError("escrow is stated for the root alone")
    return StatedUnit(
        name=name,
        tier=fields.matched(values, "tier", fields.WORD),
        parent=None if is_root else fields.matched(values, "parent", fields.UNIT),
        signing=fields.octets(values, "signing", length=KEY_BYTES),
        reading=fields.octets(values, "reading", length=KEY_BYTES),
        epoch=fields.number(values, "epoch", most=_EPOCH_MAX),
        escrow=fields.octets(values, "escrow", length=KEY_BYTES) if is_root else None,
        closed=_flag(values, "closed"),
        gateways=_gateways(values),
    )


def _device(values: Mapping[str, object]) -> Device:
    unit = fields.matched(values, "unit", fields.UNIT)
    station = fields.number(values, "station", least=1, most=_STATION_MAX)
    if values.get("device") != f"{unit}-{station:02d}":
        raise FormatError("a device id is not that of its unit and station")
    no_host = fields.is_none(values, "host")
    return Device(
        id=f"{unit}-{station:02d}",
        unit=unit,
        station=station,
        signing=fields.octets(values, "signing", length=KEY_BYTES),
        reading=fields.octets(values, "reading", length=KEY_BYTES),
        ssh=fields.matched(values, "ssh", SSH_LINE),
        host=None if no_host else fields.matched(values, "host", SSH_LINE),
    )


def _revocation(values: Mapping[str, object]) -> Revocation:
    device = fields.matched(values, "device", fields.DEVICE)
    return Revocation(device, fields.number(values, "after_seq"))


def _epoch(values: Mapping[str, object]) -> Epoch:
    sealed: dict[str, bytes] = {}
    for row in fields.items(values, "sealed", most=EPOCH_READERS_MAX):
        if not isinstance(row, list) or len(row) != len(("device", "sealed")):
            raise FormatError("a sealed key is not a device and its bytes")
        pair = dict(zip(("device", "sealed"), row, strict=True))
        device = fields.matched(pair, "device", fields.DEVICE)
        if device in sealed:
            raise FormatError("an epoch names one device twice")
        sealed[device] = fields.octets(pair, "sealed", length=_SEALED_BYTES)
    return Epoch(
        epoch=fields.number(values, "epoch", least=1, most=_EPOCH_MAX),
        reading=fields.octets(values, "reading", length=KEY_BYTES),
        sealed=sealed,
    )


def _incarnation(values: Mapping[str, object]) -> Incarnation:
    return Incarnation(
        device=fields.matched(values, "device", fields.DEVICE),
        number=fields.number(values, "number", least=1, most=_EPOCH_MAX),
        after_seq=fields.number(values, "after_seq"),
    )


def _published(values: Mapping[str, object]) -> PublishedSet:
    version = fields.text(values, "version", length_max=_VERSION_LENGTH_MAX)
    if not version.strip():
        raise FormatError("version is empty")
    return PublishedSet(
        name=fields.matched(values, "name", fields.WORD),
        version=version,
        hash=fields.octets(values, "hash", length=HASH_BYTES),
        size=fields.number(values, "size", most=PUBLISHED_BYTES_MAX),
        effective_ms=fields.number(values, "effective_ms"),
    )


def _flag(values: Mapping[str, object], key: str) -> bool:
    value = values.get(key, False)
    if not isinstance(value, bool):
        raise FormatError(f"{key} is not true or false")
    return value


def _gateways(values: Mapping[str, object]) -> tuple[str, ...]:
    if "gateways" not in values:
        return ()
    rows = fields.items(values, "gateways", most=GATEWAYS_MAX)
    for row in rows:
        if not isinstance(row, str) or _ADDRESS.fullmatch(row) is None:
            raise FormatError("a gateway is not host:port")
    return tuple(str(row) for row in rows)


_READERS: Mapping[str, Callable[[Mapping[str, object]], Content]] = {
    "unit": _stated_unit,
    "device": _device,
    "revoke": _revocation,
    "epoch": _epoch,
    "incarnation": _incarnation,
    "publish": _published,
}
