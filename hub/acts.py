"""What IT staff may do to the registry at a hub: one act, one line in the journal.

The command line and the pages both come here, so that whatever one can do the other can, and
both leave the same trace.
"""

import base64
import binascii
import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import asdict

from casebook.errors import PolicyError
from casebook.exposure import Exposed, exposed
from casebook.published import check_set
from casebook.registrar import NewUnit, Registrar, subtree
from hub.enrolacts import EnrolmentActs, text_of
from hub.enrolment import Enrolments
from security.errors import TrustError
from security.registry import Registry, Unit
from security.signing import ReadingKey, SigningKey
from security.suites import KEY_BYTES
from sync.ports import Clock, RandomBytes
from web.opening import Installation

Fields = Mapping[str, object]
Row = tuple[str, dict[str, object]]
"""A line to tell: the key of a text and its parameters."""

UNITS_SHOWN_MAX = 5_000


class Acts:
    """The acts by name. Each takes fields of JSON and gives lines to tell."""

    def __init__(
        self, installation: Installation, clock: Clock, random_bytes: RandomBytes
    ) -> None:
        """Take the hub; nothing is done yet."""
        self._installation = installation
        self._clock = clock
        self._random_bytes = random_bytes
        self.enrolments = Enrolments(installation, clock, random_bytes)
        enrolling = EnrolmentActs(installation.registry, self.enrolments)
        self._acts: Mapping[str, Callable[[Fields], list[Row]]] = {
            "unit.list": self._list_units,
            "unit.add": self._add_unit,
            "unit.move": self._move_unit,
            "unit.merge": self._merge_unit,
            "unit.close": self._close_unit,
            "unit.gateway": self._state_gateways,
            "device.list": self._list_devices,
            "device.revoke": self._revoke_device,
            "key.rotate": self._rotate_key,
            "exposure": self._exposure,
            "publish": self._publish,
            **enrolling.by_name(installation.station.unit),
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all acts."""
        return tuple(self._acts)

    def perform(self, name: str, fields: Fields, clerk: str) -> list[Row]:
        """Do one act, note it with who did it, and give the lines to tell.

        Raises:
            TrustError: There is no such act, or the registry does not allow it.
            CasebookError, CaseError, SecurityError, SyncError: It was refused; nothing changed.
        """
        act = self._acts.get(name)
        if act is None:
            raise TrustError(f"there is no act {name[:32]}")
        rows = act(fields)
        thing = str(fields.get("device") or fields.get("unit") or fields.get("name") or "")
        self._installation.casebook.journal.note(
            "registry", clerk=clerk, object=thing, facts={"act": name}
        )
        return rows

    @property
    def _registry(self) -> Registry:
        return self._installation.registry

    @property
    def _registrar(self) -> Registrar:
        return self._installation.registrar

    def _list_units(self, fields: Fields) -> list[Row]:
        below = text_of(fields, "unit", default=self._installation.station.unit)
        codes = subtree(self._registry, below)[:UNITS_SHOWN_MAX]
        return [self._unit_row("hub.unit", self._registry.unit(code)) for code in codes]

    def _add_unit(self, fields: Fields) -> list[Row]:
        """A unit without a machine: its keys are made and thrown away until one is enrolled."""
        unit = NewUnit(
            code=text_of(fields, "unit"),
            name=text_of(fields, "name"),
            tier=text_of(fields, "tier"),
            signing=SigningKey.from_private(self._random_bytes(KEY_BYTES)).public,
            reading=ReadingKey.from_private(self._random_bytes(KEY_BYTES)).public,
        )
        parent = text_of(fields, "parent", default=self._installation.station.unit)
        return [self._unit_row("hub.unit.added", self._registrar.add_unit(unit, parent))]

    def _move_unit(self, fields: Fields) -> list[Row]:
        moved = self._registrar.move(text_of(fields, "unit"), text_of(fields, "to"))
        return [self._unit_row("hub.unit.moved", moved)]

    def _merge_unit(self, fields: Fields) -> list[Row]:
        merged = self._registrar.merge(text_of(fields, "unit"), text_of(fields, "into"))
        return [self._unit_row("hub.unit.merged", merged)]

    def _close_unit(self, fields: Fields) -> list[Row]:
        closed = self._registrar.restate(text_of(fields, "unit"), closed=True)
        return [self._unit_row("hub.unit.closed", closed)]

    def _state_gateways(self, fields: Fields) -> list[Row]:
        """Where units below dial in; a unit that is moved finds its new hub by it."""
        addresses = fields.get("addresses")
        if not isinstance(addresses, list):
            raise TrustError("addresses are missing")
        unit = self._registrar.restate(text_of(fields, "unit"), gateways=addresses)
        told: dict[str, object] = {"unit": unit.code, "addresses": ", ".join(unit.gateways)}
        return [("hub.unit.gateways", told)]

    def _list_devices(self, fields: Fields) -> list[Row]:
        below = text_of(fields, "unit", default=self._installation.station.unit)
        return [
            (
                "hub.device",
                {
                    "device": device.id,
                    "unit": device.unit,
                    "revoked_after": self._registry.revoked_after(device.id),
                },
            )
            for code in subtree(self._registry, below)[:UNITS_SHOWN_MAX]
            for device in self._registry.devices(code)
        ]

    def _revoke_device(self, fields: Fields) -> list[Row]:
        device, after = text_of(fields, "device"), fields.get("after")
        if after is not None and (not isinstance(after, int) or isinstance(after, bool)):
            raise TrustError("after is not a feed position")
        last = self._registrar.revoke(device, after)
        unit = self._registry.unit(self._registry.device(device).unit)
        told = {"device": device, "after": last, "unit": unit.code, "epoch": unit.epoch}
        return [("hub.device.revoked", told)]

    def _rotate_key(self, fields: Fields) -> list[Row]:
        unit = text_of(fields, "unit")
        epoch = self._registrar.new_epoch(unit)
        return [("hub.key.rotated", {"unit": unit, "epoch": epoch})]

    def _exposure(self, fields: Fields) -> list[Row]:
        device = text_of(fields, "device")
        book = self._installation.casebook
        homes = [unit.code for unit in self._registry.units()]
        files = (book.open(case) for case in book.cases_of(homes))
        found = tuple(exposed(self._registry, device, files))
        if fields.get("csv") is True:
            return [("hub.exposure.csv", {"csv": _csv(found)})]
        rows: list[Row] = [("hub.exposure.case", asdict(each)) for each in found]
        names = sum(each.kind == "case" for each in found)
        told = {"device": device, "count": len(found), "names": names}
        return [*rows, ("hub.exposure.sum", told)]

    def _publish(self, fields: Fields) -> list[Row]:
        name, version = text_of(fields, "name"), text_of(fields, "version")
        content = _content(fields)
        check_set(name, content.decode())
        unit = self._installation.station.unit
        effective = fields.get("effective_ms", self._clock.now_ms())
        if not isinstance(effective, int) or isinstance(effective, bool) or effective < 0:
            raise TrustError("effective_ms is not a time")
        told: dict[str, object] = {"name": name, "version": version, "bytes": len(content)}
        if fields.get("preview") is True:
            below = subtree(self._registry, unit)[:UNITS_SHOWN_MAX]
            rows = [self._unit_row("hub.unit", self._registry.unit(code)) for code in below]
            return [*rows, ("hub.publish.preview", {**told, "units": len(below)})]
        content_hash = self._registrar.publish(name, content, version, effective)
        return [("hub.published", {**told, "hash": content_hash.hex()})]

    def _unit_row(self, key: str, unit: Unit) -> Row:
        devices = self._registry.devices(unit.code)
        told: dict[str, object] = {
            "unit": unit.code,
            "name": unit.name,
            "tier": unit.tier,
            "parent": unit.parent or "",
            "epoch": unit.epoch,
            "closed": unit.closed,
            "devices": sum(self._registry.is_active(device.id) for device in devices),
        }
        return key, told


def _content(fields: Fields) -> bytes:
    try:
        content = base64.b64decode(text_of(fields, "content"), validate=True)
        content.decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise PolicyError("the set is not UTF-8 text") from error
    return content


def _csv(found: tuple[Exposed, ...]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("case_no", "case", "item", "home", "received_at", "kind"))
    rows.writerows(tuple(asdict(each).values()) for each in found)
    return text.getvalue().rstrip("\n")
