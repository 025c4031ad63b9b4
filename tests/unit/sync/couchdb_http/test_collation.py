import random

from sync.couchdb_http.collation import Json, key_of, raw_key_of


def test_values_of_every_kind_stand_in_the_order_of_couchdb() -> None:
    ordered: list[Json] = [
        None,
        False,
        True,
        -1,
        0,
        1.5,
        2,
        "",
        "_",
        "1",
        "a",
        "A",
        "aa",
        "b",
        "B",
        "ba",
        "é",
        "f",
        "养",
        "老",
        [],
        [1],
        [1, "a"],
        [2],
        {},
        {"a": 1},
        {"a": 2},
        {"b": 1},
    ]
    shuffled = random.Random(5).sample(ordered, len(ordered))

    assert sorted(shuffled, key=key_of) == sorted(ordered, key=key_of) == _by_hand(ordered)


def _by_hand(ordered: list[Json]) -> list[Json]:
    # The two Chinese signs stand by code point: 养 is U+517B, 老 is U+8001.
    assert [ord(sign) for sign in "养老"] == [0x517B, 0x8001]
    letters = ["a", "A", "aa", "b", "B", "ba", "é", "f"]
    first = ordered.index("a")
    assert sorted(letters, key=key_of) == letters
    return [*ordered[:first], *letters, *ordered[first + len(letters) :]]


def test_ids_are_sorted_by_code_points() -> None:
    assert sorted(["b", "A", "a", "B"], key=raw_key_of) == ["A", "B", "a", "b"]
