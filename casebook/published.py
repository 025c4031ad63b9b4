"""Published sets as this node has them: what is in force now, and every version for old cases.

A set in force is that of the nearest unit on the own path which published one; of its versions
the last one whose time has come. A set whose parts are not all here yet does not count.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from casebook.errors import PolicyError
from casebook.policy import Policy, merged, read_policy
from cases.catalogue import load_catalogue
from cases.divisions import load_divisions
from cases.limits import load_calendar
from security.errors import FormatError
from security.publications import PARTS_MAX, join_set, part_of
from security.registry import Publication, Registry
from sync.documents import REGISTRY, record_of, set_tag
from sync.ports import Store

CATALOGUE = "catalogue"
CALENDAR = "calendar"
DIVISIONS = "divisions"
POLICY = "policy"

CHECKS: Mapping[str, Callable[[str], object]] = {
    CATALOGUE: load_catalogue,
    CALENDAR: load_calendar,
    DIVISIONS: lambda text: load_divisions(text, DIVISIONS),
    POLICY: read_policy,
}
"""The sets that this program knows, and what reads each; it raises where one is not usable."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A set that holds now: who published it, which version, and its text."""

    unit: str
    version: str
    text: str


class PublishedSets:
    """Looks up published sets in the store of one node. For any thread."""

    def __init__(
        self, registry: Registry, store: Store, unit: str, now_ms: Callable[[], int]
    ) -> None:
        """Take the living registry, and the clock by which versions come into force."""
        self._registry = registry
        self._store = store
        self._unit = unit
        self._now_ms = now_ms
        self._texts: dict[bytes, str] = {}
        self._lock = threading.Lock()

    def in_force(self, name: str) -> InForce | None:
        """Return the set that holds here now, or None if nobody on the path published one."""
        for unit in reversed(self._registry.path(self._unit)):
            found = self._latest(unit, name)
            if found is not None:
                return found
        return None

    def versions(self, name: str) -> list[InForce]:
        """Return every version on the path that is here and was ever in force, oldest first."""
        found = []
        for unit in self._registry.path(self._unit):
            for each in self._come(unit, name):
                text = self._text(each)
                if text is not None:
                    found.append(InForce(unit, each.stated.version, text))
        return found

    def policy(self) -> Policy:
        """Return the values in force, the nearest unit's before those above it.

        Raises:
            PolicyError: A published policy is not usable; whoever published it checked it with
                a program of another version.
        """
        path = self._registry.path(self._unit)
        found = [self._latest(unit, POLICY) for unit in path]
        return merged(each.text for each in found if each)

    def next_change_ms(self) -> int | None:
        """Return when the next version comes into force, or None if none is announced."""
        now = self._now_ms()
        times = [
            each.stated.effective_ms
            for unit in self._registry.path(self._unit)
            for each in self._registry.publications(unit)
            if each.stated.effective_ms > now
        ]
        return min(times, default=None)

    def _latest(self, unit: str, name: str) -> InForce | None:
        come = self._come(unit, name)
        for each in sorted(come, key=_rank, reverse=True):
            text = self._text(each)
            if text is not None:
                return InForce(unit, each.stated.version, text)
        return None

    def _come(self, unit: str, name: str) -> list[Publication]:
        now = self._now_ms()
        return [
            each
            for each in self._registry.publications(unit)
            if each.stated.name == name and each.stated.effective_ms <= now
        ]

    def _text(self, publication: Publication) -> str | None:
        stated = publication.stated
        with self._lock:
            known = self._texts.get(stated.hash)
        if known is not None:
            return known
        try:
            text = join_set(self._pieces(stated.hash), stated).decode()
        except (FormatError, UnicodeDecodeError):
            return None
        with self._lock:
            self._texts[stated.hash] = text
        return text

    def _pieces(self, content_hash: bytes) -> list[bytes]:
        page = self._store.changes(
            0,
            limit=2 * PARTS_MAX,
            tag=set_tag(content_hash),
            databases=(REGISTRY,),
        )
        pieces: dict[int, bytes] = {}
        for change in page.rows:
            record = record_of(change.document)
            pieces.setdefault(part_of(record).number, record.sealed)
        return [pieces[number] for number in sorted(pieces)]


def check_set(name: str, text: str) -> None:
    """Return if a set of this name can be published.

    Raises:
        PolicyError: There is no such set, or the policy is not usable.
        CaseError: The catalogue, calendar or table is not usable.
    """
    check = CHECKS.get(name)
    if check is None:
        raise PolicyError(f"{name}: there is no such set; known are {', '.join(CHECKS)}")
    check(text)


def _rank(publication: Publication) -> tuple[int, int]:
    return publication.stated.effective_ms, publication.position
