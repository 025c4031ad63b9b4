"""Laws of trees and their proofs, over sizes and changes that nobody chose."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from security.errors import FormatError, ProofError
from security.tlog import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from security.tlog_notes import parse_checkpoint
from security.tlog_policy import parse_policy
from security.tlog_proof import parse_advance, parse_proof

HASHES = [leaf_hash(b"%d" % number) for number in range(1_200)]
ROOTS = [Frontier().root()]
_grown = Frontier()
for _leaf in HASHES:
    _grown.append(_leaf)
    ROOTS.append(_grown.root())
SIZES = st.integers(1, len(HASHES))


def read(level: int, index: int) -> bytes:
    if level == 0:
        return HASHES[index]
    return node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))


@given(size=SIZES, data=st.data())
def test_any_leaf_of_any_tree_is_proven_and_no_other_leaf_by_its_proof(
    size: int, data: st.DataObject
) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(read, index, size)
    verify_inclusion(HASHES[index], index, size, proof, ROOTS[size])

    if other != index:
        try:
            verify_inclusion(HASHES[index], other, size, proof, ROOTS[size])
        except ProofError:
            return
        raise AssertionError("a leaf was proven at two places")


@given(sizes=st.lists(SIZES, min_size=2, max_size=2).map(sorted), flip=st.integers(0, 2**16))
def test_any_tree_begins_with_any_smaller_one_and_with_no_other(
    sizes: list[int], flip: int
) -> None:
    old, new = sizes
    proof = consistency_proof(read, old, new)
    verify_consistency(old, new, proof, ROOTS[old], ROOTS[new])
    forged = hashlib.sha256(b"%d" % flip).digest()

    try:
        verify_consistency(old, new, proof, forged, ROOTS[new])
    except ProofError:
        return
    raise AssertionError("a tree was proven to begin with another one")


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_whatever_arrives_as_a_note_or_proof_is_read_or_refused_as_not_well_formed(
    raw: bytes,
) -> None:
    for parse in (parse_checkpoint, parse_proof, parse_advance):
        try:
            parse(raw)
        except FormatError:
            continue
    try:
        parse_policy(raw.decode(errors="surrogateescape").encode(errors="ignore").decode())
    except (FormatError, UnicodeDecodeError):
        return
