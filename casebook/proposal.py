"""Statements that are about to be made, tried on a copy of the registry before one is written.

A statement that turned out wrong after it was stored would stop its log for ever: nothing can
follow on from it. So all of an act is tried first, and written together or not at all.
"""

from collections.abc import Collection, Mapping

from security.errors import TrustError
from security.registry import Registry, Unit
from security.signing import SigningKey
from security.statements import sign_statement

Fields = Mapping[str, object]


class Proposal:
    """One act of a hub: statements, and to whom each has to go."""

    def __init__(
        self, registry: Registry, unit: str, signer: SigningKey, about: Collection[str]
    ) -> None:
        """Take what the registry says of some units; nothing of it is changed.

        Args:
            registry: the living one.
            unit: the hub that speaks.
            signer: its unit signing key.
            about: units that the act is about, or stand next to it, as far as they are known.
        """
        known = [code for code in about if registry.next_place(code)[0]]
        self.trial = Registry(registry.root_key)
        self.trial.apply_all(registry.statements([unit, *known]))
        self._unit = unit
        self._signer = signer
        self.carried: list[tuple[tuple[str, ...], bytes]] = []

    def say(self, unit: str, kind: str, fields: Fields, *, log: str = "") -> bytes:
        """Sign the next statement about a unit, try it, and carry it to whom it concerns.

        Raises:
            TrustError: It may not be said now, or not by this hub.
            FormatError: A field is not well-formed.
        """
        before = self._path(unit)
        n, prev = self.trial.next_place(unit, log)
        values: dict[str, object] = {"unit": unit, "n": n, "prev": prev, "kind": kind, **fields}
        values |= {"log": log} if log else self._spokesman(unit, fields)
        number = self.trial.key_number(self._unit)
        raw = sign_statement(values | ({"key": number} if number else {}), self._signer)
        self.trial.apply(raw)
        for path in dict.fromkeys(path for path in (before, self._path(unit)) if path):
            self.carry(path, raw)
        return raw

    def carry(self, path: tuple[str, ...], raw: bytes) -> None:
        """Let a statement go to all whom a path concerns; each goes there once."""
        if (path, raw) not in self.carried:
            self.carried.append((path, raw))

    def unit_fields(self, unit: str) -> dict[str, object]:
        """What a statement about a unit has to say again so that nothing changes.

        Raises:
            TrustError: There is no such unit.
        """
        return unit_fields(self.trial.unit(unit))

    def _spokesman(self, unit: str, fields: Fields) -> Fields:
        try:
            parent = self.trial.unit(unit).parent
        except TrustError:
            parent = str(fields.get("parent"))
        return {} if parent == self._unit else {"by": self._unit}

    def _path(self, unit: str) -> tuple[str, ...]:
        try:
            return self.trial.path(unit)
        except TrustError:
            return ()


def unit_fields(unit: Unit) -> dict[str, object]:
    """The fields of a statement that says what a unit is now; not for the root."""
    fields: dict[str, object] = {
        "name": unit.name,
        "tier": unit.tier,
        "parent": unit.parent,
        "signing": unit.signing,
        "reading": unit.reading,
        "epoch": unit.epoch,
    }
    if unit.closed:
        fields["closed"] = True
    if unit.gateways:
        fields["gateways"] = list(unit.gateways)
    return fields
