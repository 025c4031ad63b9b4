"""Keys, certificates and signed statements of every unit of a new network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from postroad.network.plan import STATION, NetworkPlan, UnitPlan
from security.keystore import (
    NodeKeys,
    make_reading_key,
    make_signing_key,
    write_certificate,
    write_reading_key,
    write_signing_key,
)
from security.registry import sign_statement
from security.signing import SigningKey
from security.sshcert import issue_user_certificate, public_line

EPOCH = 1
"""The first epoch of every unit's reading key."""

CERTIFICATE_S = 30 * 24 * 3600
CLOCK_SLACK_S = 24 * 3600
"""Certificates begin a day early: the clock of a hub may be behind that of the maker."""

ZEROS = bytes(32)


@dataclass(frozen=True, slots=True)
class Making:
    """What making a network takes from the world: the second and the random bytes."""

    now_s: int
    random_bytes: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Identities:
    """What of the identities is public, and how many certificates each hub has issued."""

    root_key: bytes
    valid_to_s: int
    statements: Mapping[str, tuple[bytes, bytes]]
    serials: Mapping[str, int]

    def log(self, units: Collection[str]) -> tuple[bytes, ...]:
        """The statements about some units, which stand parents first."""
        return tuple(raw for code in units for raw in self.statements[code])


@dataclass(slots=True)
class _Authority:
    """What a hub needs to vouch for the units below it."""

    signing: SigningKey = field(repr=False)
    ssh_ca: Ed25519PrivateKey = field(repr=False)
    issued: int = 0


@dataclass(frozen=True, slots=True)
class _Made:
    """A unit's new keys: of its device, of the unit, and the unit's first reading key."""

    keys: NodeKeys
    signing: SigningKey = field(repr=False)
    reading: bytes


class Issuer:
    """Makes the identities of a network one unit after the other, each after its parent.

    Private keys go to the folder of their unit at once; in memory remain those of hubs, which
    sign for their children, so that a province fits into little memory.
    """

    def __init__(self, folder: Path, making: Making) -> None:
        self._folder = folder
        self._making = making
        self._authorities: dict[str, _Authority] = {}
        self._statements: dict[str, tuple[bytes, bytes]] = {}
        self._root_signing = make_signing_key(making.random_bytes)
        self._escrow = make_reading_key(making.random_bytes)
        self._valid_to_s = making.now_s + CERTIFICATE_S

    def issue(self, plan: NetworkPlan, unit_done: Callable[[], None]) -> Identities:
        """Make and write all keys; the root's and the escrow's go to the folder `root`.

        `unit_done` is called after each unit.

        Raises:
            KeyFileError: A key cannot be written.
            FormatError: A name is too long for a statement.
        """
        root = self._folder / "root"
        root.mkdir(0o700)
        write_signing_key(root / "root.pem", self._root_signing)
        write_reading_key(root / "escrow.pem", self._escrow)
        for unit in plan.units.values():
            made = self._make_keys(unit)
            self._statements[unit.code] = self._vouch(unit, made)
            self._certify(unit, made.keys)
            unit_done()
        return Identities(
            root_key=self._root_signing.public,
            valid_to_s=self._valid_to_s,
            statements=self._statements,
            serials={code: hub.issued for code, hub in self._authorities.items()},
        )

    def _make_keys(self, unit: UnitPlan) -> _Made:
        random_bytes = self._making.random_bytes
        # Every unit is stated with a signing key. Nothing stands below an outpost, so that the
        # private half of its key is never needed and not kept.
        signing = make_signing_key(random_bytes)
        reading = make_reading_key(random_bytes)
        keys = NodeKeys.create(
            self._keys_folder(unit),
            {EPOCH: reading},
            unit_signing=signing if unit.program == "hub" else None,
            random_bytes=random_bytes,
        )
        if keys.ssh_ca is not None:
            self._authorities[unit.code] = _Authority(signing, keys.ssh_ca)
        return _Made(keys, signing, reading.public)

    def _vouch(self, unit: UnitPlan, made: _Made) -> tuple[bytes, bytes]:
        parent = unit.division.parent
        signer = self._root_signing if parent is None else self._authorities[parent].signing
        fields: dict[str, object] = {
            "unit": unit.code,
            "n": 0,
            "prev": ZEROS,
            "kind": "unit",
            "name": unit.division.name,
            "tier": unit.division.tier,
            "parent": parent,
            "signing": made.signing.public,
            "reading": made.reading,
            "epoch": EPOCH,
        }
        if parent is None:
            fields["escrow"] = self._escrow.public
        about_unit = sign_statement(fields, signer)
        host = made.keys.host
        about_device = sign_statement(
            {
                "unit": unit.code,
                "n": 1,
                "prev": hashlib.sha256(about_unit).digest(),
                "kind": "device",
                "device": unit.device,
                "station": STATION,
                "signing": made.keys.signing.public,
                "reading": made.keys.reading.public,
                "ssh": public_line(made.keys.ssh.public_key()),
                "host": None if host is None else public_line(host.public_key()),
            },
            signer,
        )
        return about_unit, about_device

    def _certify(self, unit: UnitPlan, keys: NodeKeys) -> None:
        parent = unit.division.parent
        if parent is None:
            return
        authority = self._authorities[parent]
        authority.issued += 1
        line = issue_user_certificate(
            authority.ssh_ca,
            public_line(keys.ssh.public_key()),
            unit.device,
            authority.issued,
            max(0, self._making.now_s - CLOCK_SLACK_S),
            self._valid_to_s,
        )
        write_certificate(self._keys_folder(unit), line)

    def _keys_folder(self, unit: UnitPlan) -> Path:
        return self._folder / "nodes" / unit.code / "keys"
