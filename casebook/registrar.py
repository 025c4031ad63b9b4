"""The registrar of a hub: what it states about the units below travels in its own feed.

Each act is tried, written in one transaction, and then holds at this hub at once; all others
learn it as their sessions bring it.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from casebook.errors import NotAuthorisedError
from casebook.feed import Draft, Feed, Position
from casebook.people import Station
from casebook.proposal import Proposal
from security.carriers import carry_statement
from security.epochs import seal_epoch
from security.errors import TrustError
from security.header import NO_CASE, PUBLISH, STATEMENT, Header
from security.publications import Part, carry_part, part_fields, split_set
from security.records import Record
from security.registry import Registry, Unit
from security.signing import ReadingKey, Signer, SigningKey
from security.statements import OWN, Device, parse_statement
from security.suites import KEY_BYTES
from sync.authority import Authority, Learnt
from sync.feeds import decode_feed, feed_key
from sync.ports import RandomBytes, Store


@dataclass(frozen=True, slots=True)
class Pens:
    """What a hub signs with: for its device, and in the name of its unit."""

    device: Signer = field(repr=False)
    unit: SigningKey | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit that is stated for the first time."""

    code: str
    name: str
    tier: str
    signing: bytes
    reading: bytes
    epoch: int = 1


class Registrar:
    """States what the units below this hub are. One act at a time, from any thread."""

    def __init__(
        self,
        station: Station,
        authority: Authority,
        feed: Feed,
        store: Store,
        pens: Pens,
        random_bytes: RandomBytes,
    ) -> None:
        """Take the hub's place, its living registry, its feed and its keys."""
        self._station = station
        self._authority = authority
        self._feed = feed
        self._store = store
        self._pens = pens
        self._random_bytes = random_bytes

    @property
    def registry(self) -> Registry:
        """The living registry."""
        return self._authority.registry

    def add_unit(self, unit: NewUnit, parent: str) -> Unit:
        """State a new unit below `parent`, which is this unit or one below it.

        Raises:
            NotAuthorisedError: This node is no hub.
            TrustError, FormatError: It may not stand there.
            StoreError: Nothing was written.
        """

        def state(act: Proposal) -> None:
            fields: dict[str, object] = {
                "name": unit.name,
                "tier": unit.tier,
                "parent": parent,
                "signing": unit.signing,
                "reading": unit.reading,
                "epoch": unit.epoch,
            }
            if act.trial.next_place(unit.code)[0]:
                raise TrustError(f"unit {unit.code} stands in the registry already")
            act.say(unit.code, "unit", fields)

        self._act([parent, unit.code], state)
        return self.registry.unit(unit.code)

    def enrol(self, device: Device) -> Device:
        """State a device of a unit below.

        Raises:
            NotAuthorisedError, TrustError, FormatError, StoreError: As `add_unit`.
        """
        fields = _device_fields(device)
        self._act([device.unit], lambda act: act.say(device.unit, "device", fields))
        return self.registry.device(device.id)

    def welcome(self, device: Device, replaced: str | None = None) -> Device:
        """State a device that was enrolled; its unit gets a reading key that it can open.

        The device that it replaces, if any, is revoked in the same act.

        Raises:
            NotAuthorisedError, TrustError, FormatError, StoreError: As `add_unit`.
        """

        def state(act: Proposal) -> None:
            act.say(device.unit, "device", _device_fields(device))
            if replaced is not None and act.trial.is_active(replaced):
                after = self._last_seq(replaced)
                act.say(device.unit, "revoke", {"device": replaced, "after_seq": after})
            self._say_epoch(act, device.unit)

        self._act([device.unit], state)
        return self.registry.device(device.id)

    def move(self, code: str, parent: str) -> Unit:
        """Let a unit stand below another; its subtree, its cases and their scope follow.

        This hub stands above both places. Each side gets what it needs to check the other: the
        new place all that was ever stated about the moved units, the moved ones what is stated
        about the units above them from now on.

        Raises:
            NotAuthorisedError, TrustError, FormatError, StoreError: As `add_unit`.
        """

        def state(act: Proposal) -> None:
            before = act.trial.path(code)
            # What each side needs goes before the move itself, so that nothing has to wait.
            for raw in self.registry.statements([parent]):
                act.carry(before, raw)
            moved = self.registry.statements(subtree(self.registry, code))
            for raw in moved:
                act.carry(act.trial.path(parent), raw)
            act.say(code, "unit", {**act.unit_fields(code), "parent": parent})

        self._act([code, parent], state)
        return self.registry.unit(code)

    def merge(self, code: str, into: str) -> Unit:
        """Let a unit go up in another: it comes to stand below, closed, its machines revoked.

        The other unit stands on the path of its cases from then on, and goes on with them.

        Raises:
            NotAuthorisedError, TrustError, FormatError, StoreError: As `add_unit`.
        """
        self.move(code, into)

        def state(act: Proposal) -> None:
            act.say(code, "unit", {**act.unit_fields(code), "closed": True})
            for device in act.trial.devices(code):
                if act.trial.is_active(device.id):
                    last = self._last_seq(device.id)
                    act.say(code, "revoke", {"device": device.id, "after_seq": last})

        self._act([code], state)
        return self.registry.unit(code)

    def restate(self, code: str, **changes: object) -> Unit:
        """State a unit again with some fields changed: a name, its keys, closed, gateways.

        Raises:
            NotAuthorisedError, TrustError, FormatError, StoreError: As `add_unit`.
        """
        self._act(
            [code], lambda act: act.say(code, "unit", {**act.unit_fields(code), **changes})
        )
        return self.registry.unit(code)

    def rotate_own_key(self, fresh: SigningKey) -> None:
        """Let every log below go on under a key that the unit above has stated already.

        What a thief of the old key signs can then no longer follow on.

        Raises:
            NotAuthorisedError: The registry does not name the key for this unit.
            TrustError, FormatError, StoreError: As `add_unit`.
        """
        if self.registry.unit(self._station.unit).signing != fresh.public:
            raise NotAuthorisedError("the unit above has not stated this signing key")
        self._pens = replace(self._pens, unit=fresh)
        children = [unit.code for unit in self.registry.children(self._station.unit)]

        def state(act: Proposal) -> None:
            for code in children:
                act.say(code, "unit", act.unit_fields(code))

        self._act(children, state)

    def revoke(self, device: str, after_seq: int | None = None) -> int:
        """End a device's authority and give its unit a new reading key; returns the position.

        Args:
            device: of a unit below.
            after_seq: the last position of its feed that counts; by default all that has
                arrived here.

        Raises:
            NotAuthorisedError, TrustError, FormatError, StoreError: As `add_unit`.
        """
        unit = self.registry.device(device).unit
        last = self._last_seq(device) if after_seq is None else after_seq

        def state(act: Proposal) -> None:
            act.say(unit, "revoke", {"device": device, "after_seq": last})
            self._say_epoch(act, unit)

        self._act([unit], state)
        return last

    def new_epoch(self, unit: str) -> int:
        """Give a unit a new reading key, sealed to each of its active devices.

        Raises:
            NotAuthorisedError, TrustError, FormatError, StoreError: As `add_unit`.
        """
        self._act([unit], lambda act: self._say_epoch(act, unit))
        return self.registry.unit(unit).epoch

    def approve_incarnation(self, device: str, after_seq: int) -> int:
        """Let a device that was restored or cloned go on in a new feed.

        Raises:
            NotAuthorisedError, TrustError, FormatError, StoreError: As `add_unit`.
        """
        unit, number = self.registry.device(device).unit, self.registry.incarnation(device) + 1
        fields = {"device": device, "number": number, "after_seq": after_seq}
        self._act([unit], lambda act: act.say(unit, "incarnation", fields))
        return number

    def publish(self, name: str, content: bytes, version: str, effective_ms: int) -> bytes:
        """Publish a version of a set for this unit and all below; returns its hash.

        The caller has checked that it is one.

        Raises:
            NotAuthorisedError, TrustError, FormatError, StoreError: As `add_unit`.
        """
        unit = self._station.unit
        content_hash = hashlib.sha256(content).digest()
        fields = {
            "name": name,
            "version": version,
            "hash": content_hash,
            "size": len(content),
            "effective_ms": effective_ms,
        }
        pieces = split_set(content)
        known = {each.stated.hash for each in self.registry.publications(unit)}
        parts = [
            self._part(Part(content_hash, number, len(pieces)), piece)
            for number, piece in enumerate(pieces)
            if content_hash not in known
        ]
        self._act([unit], lambda act: act.say(unit, "publish", fields, log=OWN), parts)
        return content_hash

    def carry(self, raw: bytes) -> None:
        """Pass on a statement that was signed elsewhere: by the root key, which is offline.

        Raises:
            TrustError, FormatError: It cannot stand now.
            StoreError: Nothing was written.
        """
        unit = parse_statement(raw).unit
        with self._feed.lock:
            trial = Registry(self.registry.root_key)
            known = [unit] if self.registry.next_place(unit)[0] else []
            trial.apply_all(self.registry.statements([self._station.unit, *known]))
            trial.apply(raw)
            self._write([(trial.path(unit), raw)])

    def _say_epoch(self, act: Proposal, unit: str) -> None:
        fresh = ReadingKey.from_private(self._random_bytes(KEY_BYTES))
        epoch = act.trial.unit(unit).epoch + 1
        devices = [
            device for device in act.trial.devices(unit) if act.trial.is_active(device.id)
        ]
        sealed = [[device.id, seal_epoch(fresh, unit, epoch, device)] for device in devices]
        fields = {"epoch": epoch, "reading": fresh.public, "sealed": sealed}
        act.say(unit, "epoch", fields)

    def _last_seq(self, device: str) -> int:
        key = feed_key(device, self.registry.incarnation(device))
        return decode_feed(self._store.local(key)).head

    def _act(
        self,
        about: Collection[str],
        state: Callable[[Proposal], object],
        more: Sequence[Draft] = (),
    ) -> None:
        if self._pens.unit is None:
            raise NotAuthorisedError("this node holds no signing key of a unit")
        with self._feed.lock:
            act = Proposal(self.registry, self._station.unit, self._pens.unit, about)
            state(act)
            self._write(act.carried, more)

    def _write(
        self, carried: list[tuple[tuple[str, ...], bytes]], more: Sequence[Draft] = ()
    ) -> None:
        self._feed.append([*(self._draft(path, raw) for path, raw in carried), *more])
        for _, raw in carried:
            if self._authority.learn(raw) not in {Learnt.NEW, Learnt.KNOWN}:
                raise TrustError("the registry changed while a statement was written")
        self._authority.tell()

    def _draft(self, path: tuple[str, ...], raw: bytes) -> Draft:
        def draft(position: Position) -> Record:
            header = self._header(STATEMENT, path, position)
            return carry_statement(header, raw, self._pens.device)

        return draft

    def _part(self, part: Part, piece: bytes) -> Draft:
        def draft(position: Position) -> Record:
            path = self.registry.path(self._station.unit)
            header = replace(self._header(PUBLISH, path, position), extra=part_fields(part))
            return carry_part(header, piece, self._pens.device)

        return draft

    def _header(self, kind: str, path: tuple[str, ...], position: Position) -> Header:
        return Header(
            type=kind,
            case=NO_CASE,
            path=path,
            device=self._station.device,
            seq=position.seq,
            prev=position.prev,
            hlc=position.hlc,
        )


def _device_fields(device: Device) -> dict[str, object]:
    return {
        "device": device.id,
        "station": device.station,
        "signing": device.signing,
        "reading": device.reading,
        "ssh": device.ssh,
        "host": device.host,
    }


def subtree(registry: Registry, code: str) -> list[str]:
    """A unit and all below it, each after its parent."""
    found = [code]
    for each in found:
        found += [child.code for child in registry.children(each)]
    return found
