"""Trees are those of RFC 6962, and a proof proves one thing alone."""

import hashlib
from collections.abc import Callable

import pytest

from security.errors import FormatError, ProofError
from security.tlog import (
    EMPTY_ROOT,
    Frontier,
    HashReader,
    consistency_proof,
    frontier,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from security.tlog_tiles import (
    ENTRIES,
    WIDTH,
    full_root,
    hash_reader,
    parse_tile_path,
    tile_path,
    tiles_of,
)

# The leaves and roots with which the reference implementation of RFC 6962 is tested.
LEAVES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def reader(hashes: list[bytes]) -> HashReader:
    """Complete subtrees of a list of leaf hashes, worked out each time."""

    def read(level: int, index: int) -> bytes:
        if level == 0:
            return hashes[index]
        return node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))

    return read


def tree(count: int) -> list[bytes]:
    return [leaf_hash(b"leaf %d" % number) for number in range(count)]


def root_of(hashes: list[bytes]) -> bytes:
    grown = Frontier()
    for each in hashes:
        grown.append(each)
    return grown.root()


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    root = root_of([leaf_hash(leaf) for leaf in LEAVES[:size]])

    assert root.hex() == ROOTS[size]


def test_the_frontier_of_a_stored_tree_goes_on_as_the_one_that_grew() -> None:
    hashes = tree(300)

    for size in (0, 1, 2, 3, 7, 255, 256, 257, 299):
        again = frontier(reader(hashes), size)
        again.append(hashes[size])
        assert again.root() == root_of(hashes[: size + 1])


def test_every_leaf_of_small_trees_is_proven() -> None:
    hashes = tree(40)
    for size in range(1, 41):
        root = root_of(hashes[:size])
        for index in range(size):
            proof = inclusion_proof(reader(hashes), index, size)
            verify_inclusion(hashes[index], index, size, proof, root)


def test_small_trees_are_proven_to_begin_with_each_other() -> None:
    hashes = tree(40)
    roots = [root_of(hashes[:size]) for size in range(41)]
    for new in range(41):
        for old in range(new + 1):
            proof = consistency_proof(reader(hashes), old, new)
            verify_consistency(old, new, proof, roots[old], roots[new])


Change = Callable[[list[bytes]], list[bytes]]
CHANGES: dict[str, Change] = {
    "one hash less": lambda proof: proof[:-1],
    "one hash more": lambda proof: [*proof, bytes(32)],
    "another hash": lambda proof: [hashlib.sha256(proof[0]).digest(), *proof[1:]],
    "two hashes exchanged": lambda proof: [proof[1], proof[0], *proof[2:]],
    "no hash": lambda _proof: [],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_proof_proves_nothing(change: str) -> None:
    hashes = tree(21)
    root, old_root = root_of(hashes), root_of(hashes[:13])
    inclusion = CHANGES[change](inclusion_proof(reader(hashes), 6, 21))
    consistency = CHANGES[change](consistency_proof(reader(hashes), 13, 21))

    with pytest.raises(ProofError):
        verify_inclusion(hashes[6], 6, 21, inclusion, root)
    with pytest.raises(ProofError):
        verify_consistency(13, 21, consistency, old_root, root)


def test_a_leaf_is_proven_at_its_own_place_alone() -> None:
    hashes = tree(21)
    proof = inclusion_proof(reader(hashes), 6, 21)

    for index, size in ((7, 21), (6, 40), (6, 6), (-1, 21)):
        with pytest.raises(ProofError):
            verify_inclusion(hashes[6], index, size, proof, root_of(hashes))


def test_a_rewritten_tree_does_not_begin_with_the_old_one() -> None:
    hashes = tree(21)
    rewritten = [*hashes[:4], leaf_hash(b"changed"), *hashes[5:]]
    proof = consistency_proof(reader(rewritten), 13, 21)

    with pytest.raises(ProofError):
        verify_consistency(13, 21, proof, root_of(hashes[:13]), root_of(rewritten))


def test_two_trees_of_one_size_are_the_same_or_a_fork() -> None:
    with pytest.raises(ProofError):
        verify_consistency(3, 3, [], root_of(tree(3)), EMPTY_ROOT)


def test_tiles_give_the_hashes_of_the_tree() -> None:
    hashes = tree(3 * WIDTH + 5)
    tiles = [b"".join(hashes[start : start + WIDTH]) for start in range(0, len(hashes), WIDTH)]
    above = b"".join(full_root(tile) for tile in tiles if len(tile) == WIDTH * 32)
    read = hash_reader(lambda level, index: tiles[index] if level == 0 else above)

    for size in (1, 255, 256, 257, 700, 773):
        assert frontier(read, size).root() == root_of(hashes[:size])


def test_a_tile_that_was_cut_off_gives_nothing() -> None:
    read = hash_reader(lambda _level, _index: bytes(31))

    with pytest.raises(ProofError):
        read(0, 0)


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, WIDTH, "tile/0/000"),
        (0, 1_234_067, WIDTH, "tile/0/x001/x234/067"),
        (1, 17, 5, "tile/1/017.p/5"),
        (ENTRIES, 999, 255, "tile/entries/999.p/255"),
    ],
)
def test_paths_of_tiles_are_those_of_the_format(
    level: int | str, index: int, width: int, path: str
) -> None:
    assert tile_path(level, index, width) == path
    assert parse_tile_path(path) == (level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/x000/001",
        "tile/6/000",
        "tile/0/1",
        "tile/0/../000",
        "tile/0/000/",
        "",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(FormatError):
        parse_tile_path(path)


def test_the_rightmost_tiles_of_a_tree_are_those_of_the_specification() -> None:
    assert tiles_of(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert tiles_of(256) == [(0, 0, WIDTH), (1, 0, 1)]
    assert tiles_of(0) == []
