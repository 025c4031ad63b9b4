"""Write acts: check that they are lawful, seal, sign, chain, store; durable on return."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from casebook.audience import POLICY, audience
from casebook.casefile import CaseFile, CaseKeys
from casebook.errors import CaseFullError, NotReadableError
from casebook.feed import Draft, Feed, Position
from casebook.intake import Intake, Received
from casebook.people import Station
from casebook.ruling import Ruling, check_amount, sums_of
from casebook.times import local_date, local_text
from casebook.views import merged_fields
from cases.amendments import LATEST
from cases.catalogue import Catalogue
from cases.fold import CaseState
from cases.items import Item
from cases.lifecycle import check
from cases.numbers import NumberState, allocate, parse_case_number, query_code
from cases.timing import check_time
from cases.urgency import is_urgent
from security.caseids import RANDOM_BYTES, new_case_id
from security.grants import Reader, make_grant
from security.header import PARENTS_MAX
from security.receipts import sign_receipt
from security.records import SALT_BYTES, Header, Record, seal_entry
from security.registry import Registry
from security.signing import Signer
from sync.ports import Clock, RandomBytes, Store

NUMBERS_KEY = "numbers"
OFFSET_KEY = "clock/offset"
"""Local document: seconds by which the clock of the hub above was ahead of this one."""

OFFSET_S_MIN = 60
DRAFT_KEY = "draft/{token}"
_KEY_BYTES = 32
_QUERY_RANDOM_BYTES = 16
_FIRST_GENERATION = 1


@dataclass(frozen=True, slots=True)
class World:
    """The clock and the random source that a desk works with; both replayable."""

    clock: Clock
    random_bytes: RandomBytes


class Desk:
    """The pen of one device: nothing else signs for it."""

    def __init__(
        self,
        station: Station,
        catalogue: Catalogue,
        registry: Registry,
        signer: Signer,
        feed: Feed,
        world: World,
    ) -> None:
        """Take what an act needs; nothing is written yet."""
        self._station = station
        self._catalogue = catalogue
        self._registry = registry
        self._signer = signer
        self._feed = feed
        self._world = world

    def use(self, catalogue: Catalogue) -> None:
        """Go on under another version of the catalogue."""
        self._catalogue = catalogue

    def receive(
        self, store: Store, item: Item, intake: Intake, ruling: Ruling, draft: str
    ) -> Received:
        """Give a new case its number and write its first entry, in one transaction.

        Number, feed head and draft token move with the records: no crash makes two cases.

        Raises:
            UnlawfulActError: This unit may not receive this item.
            NumberError: The day's serials of this station are used up.
            StoreError: Nothing was written.
        """
        now = self._world.clock.now_ms()
        before = store.local(NUMBERS_KEY)
        case_no, numbers = allocate(
            _numbers_of(before), self._station.unit, self._station.number, local_date(now)
        )
        code = query_code(self._world.random_bytes(_QUERY_RANDOM_BYTES))
        facts: dict[str, object] = {
            "act": "receive",
            "at": local_text(now),
            "clerk": ruling.actor.clerk,
            "case_no": case_no,
            "item": item.code,
            "item_version": item.version,
            **self._intake_facts(item, intake),
            **clock_fact(store),
        }
        facts |= self._urgency(item, intake, now)
        check(None, "receive", facts, ruling.actor, item, ruling.duties)
        case = new_case_id(now, self._station.unit, self._world.random_bytes(RANDOM_BYTES))
        receipt = sign_receipt(case_no, code, case, self._signer)
        body = {
            "fields": dict(intake.fields),
            "query_code": code,
            "receipt": receipt,
            "reason": intake.reason,
        }
        keys = CaseKeys(b"", self._world.random_bytes(_KEY_BYTES))
        path = self._registry.path(self._station.unit)
        readers = audience(item, path, self._registry, self._catalogue.tiers)
        sheet = _Sheet(case, path, _FIRST_GENERATION, (), 0)
        self._feed.append(
            [
                self._grant(sheet, keys, readers),
                self._entry(sheet, keys, facts, body),
            ],
            local={
                NUMBERS_KEY: _numbers_text(numbers),
                **({DRAFT_KEY.format(token=draft): case} if draft else {}),
            },
            expect={
                NUMBERS_KEY: before,
                **({DRAFT_KEY.format(token=draft): None} if draft else {}),
            },
        )
        return Received(case, case_no, code, receipt, str(facts["at"]))

    def _urgency(self, item: Item, intake: Intake, now: int) -> dict[str, object]:
        figures = self._catalogue.jurisdiction
        urgent = is_urgent(item, intake.fields, local_date(now), figures)
        return {"urgent": True} if urgent else {}

    def _intake_facts(self, item: Item, intake: Intake) -> dict[str, object]:
        """What a receipt says of the form, without anything personal."""
        return {
            "papers": [
                {"material": paper.material, "state": paper.state} for paper in intake.papers
            ],
            "warnings": list(intake.warnings),
            "field_rules": self._field_rules(item),
            **({"for_unit": intake.for_unit} if intake.for_unit else {}),
        }

    def _field_rules(self, item: Item) -> dict[str, str]:
        """How amendments of the form go when they meet, where it is not by their order."""
        fields = self._catalogue.fields
        rules = {each.name: fields[each.name].conflict for each in item.fields}
        return {name: rule for name, rule in rules.items() if rule != LATEST}

    def keep_numbers(self, store: Store, case_nos: Iterable[str]) -> None:
        """Never give again a number that this device is seen to have given.

        After a restore the hub sends back what this device had written; the numbers in it
        count, even though this store has forgotten that it gave them.

        Args:
            store: where the last number given is kept.
            case_nos: numbers in receipts that this device signed.
        """
        before = store.local(NUMBERS_KEY)
        known = _numbers_of(before)
        given = [parse_case_number(number) for number in case_nos]
        own = [
            (number.day, number.serial)
            for number in given
            if (number.division, number.station) == (self._station.unit, self._station.number)
        ]
        newest = max([(known.day, known.serial), *own])
        if newest != (known.day, known.serial):
            text = _numbers_text(NumberState(*newest))
            store.put([], {NUMBERS_KEY: text}, expect={NUMBERS_KEY: before})

    def write(
        self, file: CaseFile, state: CaseState, act: str, ruling: Ruling, texts: "Texts"
    ) -> None:
        """Write one act on a case that this unit can read.

        Raises:
            UnlawfulActError: The act may not be done now, here or by this person.
            NotReadableError: This unit holds no case key.
            StoreError: Nothing was written.
        """
        now = self._world.clock.now_ms()
        at = local_text(now)
        facts = {
            **texts.facts,
            **ruling.derived(act, texts.facts, state, at),
            "act": act,
            "at": at,
            "clerk": ruling.actor.clerk,
        }
        check(state, act, facts, ruling.actor, ruling.item, ruling.duties)
        check_time(state, act, facts, ruling.clock_rules, local_date(now))
        if act == "decide":
            check_amount(
                ruling, sums_of(merged_fields(state, file.bodies()), facts, texts.body)
            )
        keys = file.keys
        if keys is None or keys.case is None:
            message = f"unit {self._station.unit} holds no key of case {file.case.hex()}"
            raise NotReadableError(message)
        if file.is_full:
            message = f"case {file.case.hex()} has as many records as are read of one case"
            raise CaseFullError(message)
        heads = tuple(bytes.fromhex(head) for head in state.heads[:PARENTS_MAX])
        path = self._signed_path(file, str(facts.get("to", "")))
        sheet = _Sheet(file.case, path, file.generation, heads, state.epoch)
        drafts = [self._entry(sheet, keys, facts, texts.body)]
        newcomer = self._newcomer(act, facts, ruling)
        if newcomer is not None:
            drafts.insert(0, self._grant(sheet, keys, [newcomer]))
        self._feed.append(drafts)

    def grant_again(self, file: CaseFile, readers: list[Reader]) -> Draft:
        """Return the draft of a grant to units that came onto the path of a case.

        The case key must be at hand.
        """
        assert file.keys is not None
        sheet = _Sheet(file.case, self._signed_path(file), file.generation, (), 0)
        return self._grant(sheet, file.keys, readers)

    def _signed_path(self, file: CaseFile, to: str = "") -> tuple[str, ...]:
        """Return the path to write under; that of the receipt reaches the most units.

        An act is judged by its own path: it has to hold the author, and whom it is offered to.
        """
        known = (self._station.unit, to) if to else (self._station.unit,)
        return file.path if all(unit in file.path for unit in known) else file.way

    def _newcomer(self, act: str, facts: Mapping[str, object], ruling: Ruling) -> Reader | None:
        """Return the unit that a hand-over must first give the case key, if any."""
        if act not in {"send_up", "return"}:
            return None
        unit = self._registry.unit(str(facts["to"]))
        if unit.code in ruling.readers:
            return None
        return Reader(unit.code, unit.epoch, unit.reading, "case")

    def _entry(
        self,
        sheet: "_Sheet",
        keys: CaseKeys,
        facts: Mapping[str, object],
        body: Mapping[str, object],
    ) -> Draft:
        salt = self._world.random_bytes(SALT_BYTES)

        def draft(position: Position) -> Record:
            header = sheet.header("entry", position, self._station.device)
            return seal_entry(header, facts, body, _case_key(keys), self._signer, salt)

        return draft

    def _grant(self, sheet: "_Sheet", keys: CaseKeys, readers: list[Reader]) -> Draft:
        def draft(position: Position) -> Record:
            header = sheet.header("grant", position, self._station.device)
            return make_grant(header, _case_key(keys), readers, self._signer)

        return draft


@dataclass(frozen=True, slots=True)
class Texts:
    """What the clerk adds to an act: clear facts and personal words."""

    facts: Mapping[str, object]
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What the headers of one act have in common."""

    case: bytes
    path: tuple[str, ...]
    generation: int
    parents: tuple[bytes, ...]
    epoch: int

    def header(self, kind: str, position: Position, device: str) -> Header:
        return Header(
            type=kind,
            case=self.case,
            generation=self.generation,
            path=self.path,
            device=device,
            incarnation=0,
            seq=position.seq,
            prev=position.prev,
            parents=self.parents if kind == "entry" else (),
            epoch=self.epoch,
            hlc=position.hlc,
            audience=POLICY,
            blobs=None,
            extra=position.extra,
        )


def clock_fact(store: Store) -> dict[str, object]:
    """Return the fact of how far off the hub's clock was at the last contact, if it was."""
    kept = store.local(OFFSET_KEY)
    return {"clock_offset_s": int(kept)} if kept else {}


def note_offset(store: Store, offset_ms: int) -> None:
    """Keep by how much the clock of the hub is ahead of this one; little is forgotten.

    Args:
        store: of this device.
        offset_ms: as the last session measured it.
    """
    seconds = round(offset_ms / 1000)
    kept = store.local(OFFSET_KEY)
    value = str(seconds).encode() if abs(seconds) > OFFSET_S_MIN else None
    if value != kept:
        store.put([], {OFFSET_KEY: value}, expect={OFFSET_KEY: kept})


def _case_key(keys: CaseKeys) -> bytes:
    assert keys.case is not None
    return keys.case


def _numbers_of(text: bytes | None) -> NumberState:
    if text is None:
        return NumberState()
    stored = json.loads(text)
    return NumberState(date.fromisoformat(stored["day"]), stored["serial"])


def _numbers_text(state: NumberState) -> bytes:
    return json.dumps({"day": state.day.isoformat(), "serial": state.serial}).encode()
