"""What a node knows of one device's feed: how far it goes, how it ends, what it lacks.

Every record names its place in its author's feed and the record before it. Whoever takes
records from below checks both, so that a record left out shows as a gap, and a device that was
cloned or set back shows as a fork. A gap never holds other records up.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from security.header import ZEROS, Header
from sync.errors import StoreError

GAPS_MAX = 1_000
"""Gaps remembered of one feed; more can only come from a device that means harm."""


PINNED_KEY = "checkpoint/pinned"
"""Local document: the newest checkpoint of the hub above that was verified, as quoted."""


class Place(StrEnum):
    """Where a record falls in its feed; all but the first two are reasons for quarantine."""

    NEXT = "next"
    IN_GAP = "in_gap"
    CHAIN = "chain"
    FORK = "fork"
    GAPS = "gaps"


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing places from `first` to `last`, and the hashes of the records around them."""

    first: int
    last: int
    hash_before: bytes
    prev_after: bytes

    def rest(self, seq: int, prev: bytes, record_hash: bytes) -> "tuple[Gap, ...] | None":
        """What remains once a record fills a place; None if it does not fit its neighbours."""
        if seq == self.first and prev != self.hash_before:
            return None
        if seq == self.last and record_hash != self.prev_after:
            return None
        parts = (
            replace(self, last=seq - 1, prev_after=prev),
            replace(self, first=seq + 1, hash_before=record_hash),
        )
        return tuple(part for part in parts if part.first <= part.last)


@dataclass(frozen=True, slots=True)
class Feed:
    """The known part of one feed: its last place, the hash there, the gaps below it.

    `forked_at` is the first place at which two records were seen, 0 where none was: from then
    on nobody knows which machine is the device, until a person says so.
    """

    head: int = 0
    hash: bytes = ZEROS
    gaps: tuple[Gap, ...] = ()
    forked_at: int = 0

    def placed(self, header: Header, record_hash: bytes) -> tuple[Place, Self]:
        """Where a record that is not known yet falls, and the feed with it if it fits."""
        if header.seq <= self.head:
            return self._filled(header, record_hash)
        if header.seq == self.head + 1:
            if header.prev != self.hash:
                return Place.CHAIN, self
            return Place.NEXT, replace(self, head=header.seq, hash=record_hash)
        if len(self.gaps) >= GAPS_MAX:
            return Place.GAPS, self
        gap = Gap(self.head + 1, header.seq - 1, self.hash, header.prev)
        return Place.NEXT, replace(
            self, head=header.seq, hash=record_hash, gaps=(*self.gaps, gap)
        )

    def forked(self, header: Header) -> Self:
        """The feed once a second record was seen at a place."""
        return self if self.forked_at else replace(self, forked_at=header.seq)

    def adopted(self, header: Header, record_hash: bytes) -> Self:
        """The feed after a record that the unit above holds and this node had lost.

        What the unit above holds is the feed that everybody else has seen, so that where both
        differ its end becomes the end here: the next record of this device goes on from there.
        """
        place, feed = self.placed(header, record_hash)
        if place in {Place.NEXT, Place.IN_GAP} or header.seq < self.head:
            return feed
        return replace(self, head=header.seq, hash=record_hash)

    def _filled(self, header: Header, record_hash: bytes) -> tuple[Place, Self]:
        for index, gap in enumerate(self.gaps):
            if gap.first <= header.seq <= gap.last:
                rest = gap.rest(header.seq, header.prev, record_hash)
                if rest is None:
                    return Place.CHAIN, self
                gaps = (*self.gaps[:index], *rest, *self.gaps[index + 1 :])
                if len(gaps) > GAPS_MAX:
                    return Place.GAPS, self
                return Place.IN_GAP, replace(self, gaps=gaps)
        return Place.FORK, self


@dataclass(frozen=True, slots=True)
class Frozen:
    """A device whose feed forked: what it sends waits until a new incarnation is approved."""

    device: str
    incarnation: int
    forked_at: int


def frozen_feeds(locals_: Mapping[str, bytes]) -> tuple[Frozen, ...]:
    """The frozen feeds among local documents whose names begin with `feed/`.

    Raises:
        StoreError: One was damaged.
    """
    found = []
    for key, value in locals_.items():
        feed = decode_feed(value)
        if feed.forked_at:
            device, _, incarnation = key.removeprefix("feed/").partition("/")
            found.append(Frozen(device, int(incarnation or 0), feed.forked_at))
    return tuple(found)


def feed_key(device: str, incarnation: int = 0) -> str:
    """Name of the local document that holds a feed; each incarnation is a feed of its own."""
    return f"feed/{device}" if incarnation == 0 else f"feed/{device}/{incarnation}"


def encode_feed(feed: Feed) -> bytes:
    """The feed as a local document: head, hash, and gaps as rows of four."""
    gaps = [
        [gap.first, gap.last, gap.hash_before.hex(), gap.prev_after.hex()] for gap in feed.gaps
    ]
    fields: dict[str, object] = {"gaps": gaps, "hash": feed.hash.hex(), "head": feed.head}
    if feed.forked_at:
        fields["forked"] = feed.forked_at
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def decode_feed(value: bytes | None) -> Feed:
    """The feed in a local document that `encode_feed` made; an empty feed where there is none.

    Raises:
        StoreError: The local document was damaged.
    """
    if value is None:
        return Feed()
    try:
        fields = json.loads(value)
        gaps = tuple(
            Gap(int(first), int(last), bytes.fromhex(before), bytes.fromhex(after))
            for first, last, before, after in fields.get("gaps", [])
        )
        forked_at = int(fields.get("forked", 0))
        return Feed(int(fields["head"]), bytes.fromhex(fields["hash"]), gaps, forked_at)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError("the local document of a feed is damaged") from error
