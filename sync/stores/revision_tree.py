"""Revision trees as CouchDB has them: merge, winner, stemming, purge. Pure.

A tree is a forest: stemming cuts the oldest ancestors off, and a history that overlaps with no
branch becomes a new root. A revision is known by its generation and digest alone, so branches
that were cut apart join again as soon as a history names the revisions between them.

Whether a revision is a leaf depends only on whether any history named it as an ancestor. So the
same set of histories has the same leaves and the same winner in whatever order it arrives, as
long as none is longer than the limit of the stem.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from sync.errors import DocumentRefusedError

DIGEST_LENGTH_MAX = 128
_HEX_LENGTH = 32
_REV = re.compile(r"([1-9][0-9]{0,8})-([^\x00-\x1f\x7f\ud800-\udfff]+)", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)


class Rev(NamedTuple):
    """A revision as it is compared: generation as a number, then digest as text.

    CouchDB compares the 16 bytes of a digest of 32 hex digits, which is the same order.
    """

    generation: int
    digest: str

    @property
    def text(self) -> str:
        """The revision as documents carry it."""
        return f"{self.generation}-{self.digest}"


def parse_rev(text: object) -> Rev:
    """The two halves of a revision; 32 hex digits in capitals are lowered, as CouchDB does.

    Raises:
        DocumentRefusedError: The text is no revision (`bad_request`).
    """
    match = _REV.fullmatch(text) if isinstance(text, str) else None
    if match is None or len(match[2]) > DIGEST_LENGTH_MAX:
        raise DocumentRefusedError("bad_request", "Invalid rev format")
    digest = match[2]
    if len(digest) == _HEX_LENGTH:
        if not _HEX.fullmatch(digest):
            raise DocumentRefusedError("bad_request", "Invalid rev format")
        digest = digest.lower()
    return Rev(int(match[1]), digest)


class Node(NamedTuple):
    """One revision in a tree.

    Attributes:
        parent: The revision before it; None if it is the first, or if that was cut off.
        leaf: Whether no history named it as an ancestor.
        deleted: Whether it is a tombstone, as far as it was given itself.
    """

    parent: Rev | None
    leaf: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class RevisionTree:
    """All revisions of one document that are known. Never changed: operations give new trees.

    Attributes:
        nodes: Every revision with its place; read only.
    """

    nodes: Mapping[Rev, Node] = field(default_factory=lambda: MappingProxyType({}))

    def merged(self, history: Sequence[Rev], *, deleted: bool) -> "RevisionTree":
        """The tree after `history[0]` was given with its ancestors, newest first.

        Two histories may, against all rules, name two parents for one revision. The greater
        one is kept, so that the order of arrival still does not matter.

        Args:
            history: Not empty, generations falling by one.
            deleted: Whether `history[0]` is a tombstone.
        """
        nodes = dict(self.nodes)
        for place, rev in enumerate(history):
            before = nodes.get(rev)
            parent = history[place + 1] if place + 1 < len(history) else None
            if before is None:
                nodes[rev] = Node(parent, leaf=place == 0, deleted=deleted and place == 0)
                continue
            if before.parent is not None and (parent is None or parent < before.parent):
                parent = before.parent
            # What was given first stays, except that an ancestor known by name alone learns
            # now that it is a tombstone.
            learned = place == 0 and deleted and not before.leaf
            after = Node(parent, before.leaf and place == 0, before.deleted or learned)
            if after != before:
                nodes[rev] = after
        return RevisionTree(nodes)

    def stemmed(self, limit: int) -> "RevisionTree":
        """The tree without revisions that are `limit` or more generations behind every leaf."""
        # From the lowest leaf on: where two branches meet, the lower leaf reaches further back,
        # so a later walk may stop at what an earlier one kept. Each node is visited once.
        kept: dict[Rev, None] = {}
        for leaf in sorted(rev for rev, node in self.nodes.items() if node.leaf):
            for rev in self._back_from(leaf):
                if rev in kept or leaf.generation - rev.generation >= limit:
                    break
                kept[rev] = None
        return self._of(kept)

    def without(self, revs: Iterable[Rev]) -> "RevisionTree":
        """The tree without these leaves and the ancestors that lead to no other leaf.

        Revisions that are no leaves are passed over.
        """
        purged = frozenset(revs)
        kept: dict[Rev, None] = {}
        for leaf, node in self.nodes.items():
            if node.leaf and leaf not in purged:
                for rev in self._back_from(leaf):
                    if rev in kept:
                        break
                    kept[rev] = None
        return self._of(kept)

    def leaves(self) -> tuple[Rev, ...]:
        """All leaves, the winner first: no tombstone, then higher generation, then digest."""
        found = [(not node.deleted, rev) for rev, node in self.nodes.items() if node.leaf]
        return tuple(rev for _, rev in sorted(found, reverse=True))

    def path(self, rev: Rev) -> tuple[Rev, ...]:
        """The revision and its known ancestors, newest first."""
        return tuple(self._back_from(rev))

    def leaves_after(self, rev: Rev) -> tuple[Rev, ...]:
        """The leaves that descend from `rev`, itself if it is one, in the winner's order."""
        return tuple(leaf for leaf in self.leaves() if rev in self._back_to(leaf, rev))

    def possible_ancestors(self, missing: Iterable[Rev]) -> tuple[Rev, ...]:
        """Leaves of a lower generation than the highest of `missing`, in the winner's order."""
        highest = max((rev.generation for rev in missing), default=0)
        return tuple(leaf for leaf in self.leaves() if leaf.generation < highest)

    def _of(self, kept: Mapping[Rev, None]) -> "RevisionTree":
        if len(kept) == len(self.nodes):
            return self
        nodes = {}
        for rev in kept:
            node = self.nodes[rev]
            parent = node.parent if node.parent in kept else None
            nodes[rev] = Node(parent, node.leaf, node.deleted)
        return RevisionTree(nodes)

    def _back_from(self, rev: Rev) -> Iterator[Rev]:
        step: Rev | None = rev
        while step is not None:
            yield step
            step = self.nodes[step].parent

    def _back_to(self, leaf: Rev, rev: Rev) -> Iterator[Rev]:
        for step in self._back_from(leaf):
            if step.generation < rev.generation:
                return
            yield step
