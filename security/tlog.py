"""Merkle tree hashing, inclusion and consistency proofs of RFC 6962, section 2.1, unchanged.

A proof is built from the hashes of complete subtrees: `read(level, index)` gives the hash of
the leaves from `index << level` up to `(index + 1) << level`. Tiles hold them (`tlog_tiles`).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from security.errors import ProofError
from security.suites import HASH_BYTES

SIZE_MAX = 2**48
"""Leaves of one log; a thousand records a second for 8,900 years."""

PROOF_HASHES_MAX = 64

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""

HashReader = Callable[[int, int], bytes]
"""Gives the hash of a complete subtree by its level (0: a leaf) and index on that level."""


def leaf_hash(entry: bytes) -> bytes:
    """Give the hash of a leaf that holds `entry`."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Give the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: enough to append and to name the root.

    `subtrees` are the hashes of the complete subtrees that make up the tree, largest first.
    """

    size: int = 0
    subtrees: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add one leaf by its hash; two hashes of work on average."""
        size, subtrees = self.size, self.subtrees
        while size & 1:
            leaf = hashlib.sha256(b"\x01" + subtrees.pop() + leaf).digest()
            size >>= 1
        subtrees.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        if not self.subtrees:
            return EMPTY_ROOT
        root = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            root = node_hash(left, root)
        return root


def frontier(read: HashReader, size: int) -> Frontier:
    """Give the right edge of the tree of the first `size` leaves."""
    subtrees, start = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            subtrees.append(read(level, start >> level))
            start += 1 << level
    return Frontier(size, subtrees)


def inclusion_proof(read: HashReader, index: int, size: int) -> list[bytes]:
    """Give the audit path of leaf `index` in the tree of `size` leaves, leaf's sibling first.

    Raises:
        ProofError: There is no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(read, middle, end))
            end = middle
        else:
            path.append(_range_root(read, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(read: HashReader, old: int, new: int) -> list[bytes]:
    """Give the proof that the tree of `old` leaves is the beginning of that of `new` leaves.

    Raises:
        ProofError: `old` is larger than `new`.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} leaves does not begin with one of {old}")
    if old in {0, new}:
        return []
    path: list[bytes] = []
    start, end, is_whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_root(read, middle, end))
            end = middle
        else:
            path.append(_range_root(read, start, middle))
            start, is_whole = middle, False
    if not is_whole:
        path.append(_range_root(read, start, end))
    return path[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Return if `proof` shows that the leaf of this hash stands at `index` below `root`.

    Raises:
        ProofError: It does not.
    """
    if not 0 <= index < size <= SIZE_MAX or len(proof) > PROOF_HASHES_MAX:
        raise ProofError("the inclusion proof is not one of such a tree")
    position, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if position & 1 or position == last:
            found = node_hash(step, found)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, step)
        position, last = position >> 1, last >> 1
    if last or found != root:
        raise ProofError("the inclusion proof does not lead to the root")


def verify_consistency(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Return if `proof` shows that the tree of `new` leaves begins with that of `old` leaves.

    Raises:
        ProofError: It does not.
    """
    if not 0 <= old <= new <= SIZE_MAX or len(proof) > PROOF_HASHES_MAX:
        raise ProofError("the consistency proof is not one of such trees")
    if old == new:
        if proof or old_root != new_root:
            raise ProofError("two trees of one size differ")
        return
    if old == 0:
        if proof or old_root != EMPTY_ROOT:
            raise ProofError("every tree begins with the empty one, without a proof")
        return
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        raise ProofError("the consistency proof is empty")
    roots = _climb(old - 1, new - 1, steps)
    if roots != (old_root, new_root):
        raise ProofError("the consistency proof does not lead to the two roots")


def _climb(position: int, last: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that a consistency proof leads to (RFC 9162, 2.1.4.2)."""
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, step)
        position, last = position >> 1, last >> 1
    return None if last else (old, new)


def _split(count: int) -> int:
    """The largest power of two below `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def _range_root(read: HashReader, start: int, end: int) -> bytes:
    """The root over the leaves from `start` to `end`; `start` is where RFC 6962 splits."""
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(read(level, start >> level))
        start += 1 << level
    root = parts.pop()
    while parts:
        root = node_hash(parts.pop(), root)
    assert len(root) == HASH_BYTES
    return root
