"""The registry believes a statement where it stands, and only there."""

from collections.abc import Callable

import pytest

from security.errors import TrustError
from security.header import DEPTH_MAX
from security.registry import (
    Registry,
    decode_log,
    encode_log,
    sign_statement,
)
from security.signing import SigningKey
from tests.golden.samples import (
    CITY,
    DEVICE,
    DEVICE_KEY,
    DISTRICT,
    ESCROW_KEY,
    OTHER_DEVICE,
    OTHER_VILLAGE,
    PATH,
    ROOT_KEY,
    STREET,
    VILLAGE,
    above,
    device_fields,
    reading_key,
    revoke_fields,
    signing_key,
    unit_fields,
)
from tests.support.registries import (
    epoch_fields,
    incarnation_fields,
    new_unit,
    set_fields,
    state,
)

OTHER_STREET = "120103003000"


def test_a_unit_is_known_with_its_way_to_the_root(registry: Registry) -> None:
    village = registry.unit(VILLAGE)

    assert village.path == PATH
    assert registry.path(VILLAGE) == PATH
    assert (village.name, village.tier, village.parent) == ("九江路社区", "village", STREET)
    assert village.reading == reading_key(VILLAGE).public


def test_the_root_states_the_escrow_key(registry: Registry) -> None:
    assert registry.root.code == CITY
    assert registry.escrow == ESCROW_KEY.public


def test_children_stand_by_code(registry: Registry) -> None:
    assert [unit.code for unit in registry.children(STREET)] == [VILLAGE, OTHER_VILLAGE]
    assert registry.children(VILLAGE) == ()


def test_a_device_is_found_by_its_unit_and_station(registry: Registry) -> None:
    device = registry.device_at(VILLAGE, 1)

    assert device == registry.device(DEVICE)
    assert registry.devices(VILLAGE) == (device,)
    assert device.signing == DEVICE_KEY.public
    assert device.host is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda registry: registry.unit(OTHER_STREET),
        lambda registry: registry.children(OTHER_STREET),
        lambda registry: registry.devices(OTHER_STREET),
        lambda registry: registry.path(""),
        lambda registry: registry.device(f"{VILLAGE}-02"),
        lambda registry: registry.device_at(VILLAGE, 2),
        lambda registry: registry.is_revoked(f"{VILLAGE}-02", 1),
        lambda registry: registry.statements([OTHER_STREET]),
    ],
)
def test_what_is_not_there_is_said_so(
    registry: Registry, ask: Callable[[Registry], object]
) -> None:
    with pytest.raises(TrustError):
        ask(registry)


def test_an_empty_registry_has_no_root(empty: Registry) -> None:
    with pytest.raises(TrustError, match="empty"):
        _ = empty.root
    with pytest.raises(TrustError, match="empty"):
        _ = empty.escrow


def test_a_revoked_device_keeps_what_it_had_written(registry: Registry) -> None:
    registry.apply(sign_statement(revoke_fields(registry, DEVICE, 40), above(VILLAGE)))

    assert not registry.is_revoked(DEVICE, 40)
    assert registry.is_revoked(DEVICE, 41)
    assert not registry.is_revoked(OTHER_DEVICE, 41)


def test_a_revocation_may_be_moved_earlier_and_never_later(registry: Registry) -> None:
    registry.apply(sign_statement(revoke_fields(registry, DEVICE, 40), above(VILLAGE)))
    registry.apply(sign_statement(revoke_fields(registry, DEVICE, 12), above(VILLAGE)))

    with pytest.raises(TrustError, match="stays so"):
        registry.apply(sign_statement(revoke_fields(registry, DEVICE, 13), above(VILLAGE)))
    assert registry.revoked_after(DEVICE) == 12


def test_a_statement_applied_twice_changes_nothing(registry: Registry) -> None:
    before = state(registry)

    for raw in registry.statements():
        registry.apply(raw)

    assert state(registry) == before


def test_the_statements_build_the_registry_again(registry: Registry) -> None:
    registry.apply(sign_statement(revoke_fields(registry, DEVICE, 40), above(VILLAGE)))
    again = Registry(ROOT_KEY.public)

    for raw in decode_log(encode_log(registry.statements())):
        again.apply(raw)

    assert state(again) == state(registry)


def test_an_outpost_needs_the_statements_of_its_own_path_alone(registry: Registry) -> None:
    small = Registry(ROOT_KEY.public)

    for raw in registry.statements([VILLAGE]):
        small.apply(raw)

    assert [unit.code for unit in small.units()] == list(PATH)


def test_a_kind_of_a_newer_program_keeps_its_place(registry: Registry) -> None:
    n, prev = registry.next_place(VILLAGE)
    newer = {"unit": VILLAGE, "n": n, "prev": prev, "kind": "roster", "clerks": ["w1"]}

    registry.apply(sign_statement(newer, above(VILLAGE)))

    assert registry.next_place(VILLAGE)[0] == n + 1
    assert registry.device(DEVICE).unit == VILLAGE


Refused = Callable[[Registry], tuple[dict[str, object], SigningKey]]

REFUSED: dict[str, tuple[Refused, str]] = {
    "signed by itself": (
        lambda r: (device_fields(r, VILLAGE, 2), signing_key(VILLAGE)),
        f"not signed by {STREET}",
    ),
    "signed by the grandparent": (
        lambda r: (device_fields(r, VILLAGE, 2), signing_key(DISTRICT)),
        f"not signed by {STREET}",
    ),
    "signed by the neighbour": (
        lambda r: (revoke_fields(r, DEVICE, 1), signing_key(OTHER_VILLAGE)),
        f"not signed by {STREET}",
    ),
    "a new unit signed by another": (
        lambda r: (new_unit(r, OTHER_STREET, DISTRICT), signing_key(CITY)),
        f"not signed by {DISTRICT}",
    ),
    "an unknown parent": (
        lambda r: (new_unit(r, OTHER_STREET, "999999999999"), signing_key(CITY)),
        "above it is not known",
    ),
    "moved to an unknown unit": (
        lambda r: (unit_fields(r, VILLAGE, parent="999999999999"), above(VILLAGE)),
        "above it is not known",
    ),
    "moved by the new parent": (
        lambda r: (unit_fields(r, VILLAGE, parent=DISTRICT), signing_key(DISTRICT)),
        f"{STREET} does not stand above it",
    ),
    "given away by the old parent": (
        lambda r: (unit_fields(r, VILLAGE, parent=OTHER_VILLAGE), signing_key(VILLAGE)),
        "not signed by",
    ),
    "in the name of a unit that is not above": (
        lambda r: (device_fields(r, VILLAGE, 2, by=OTHER_VILLAGE), signing_key(OTHER_VILLAGE)),
        f"{OTHER_VILLAGE} does not stand above it",
    ),
    "in the name of the grandparent by the parent": (
        lambda r: (device_fields(r, VILLAGE, 2, by=DISTRICT), signing_key(STREET)),
        f"not signed by {DISTRICT}",
    ),
    "a device enrolled by its own unit": (
        lambda r: (
            device_fields(r, VILLAGE, 2, log="own", n=0, prev=bytes(32)),
            signing_key(VILLAGE),
        ),
        "does not say this of itself",
    ),
    "a set published for a unit by its parent": (
        lambda r: (set_fields(r, VILLAGE, log=None), above(VILLAGE)),
        "in its own log",
    ),
    "an epoch that is not new": (
        lambda r: (epoch_fields(r, VILLAGE, 1), above(VILLAGE)),
        "new epoch",
    ),
    "an epoch for a device of another unit": (
        lambda r: (
            {**epoch_fields(r, VILLAGE, 2), "sealed": [[OTHER_DEVICE, bytes(80)]]},
            above(VILLAGE),
        ),
        "not a device of this unit",
    ),
    "an incarnation that skips one": (
        lambda r: (incarnation_fields(r, DEVICE, 2, 9), above(VILLAGE)),
        "is in incarnation 0",
    ),
    "below itself": (
        lambda r: (unit_fields(r, DISTRICT, parent=VILLAGE), above(DISTRICT)),
        "below itself",
    ),
    "its own parent": (
        lambda r: (unit_fields(r, DISTRICT, parent=DISTRICT), above(DISTRICT)),
        "below itself",
    ),
    "the root below its child": (
        lambda r: (unit_fields(r, CITY, parent=DISTRICT, escrow=None), ROOT_KEY),
        "below itself",
    ),
    "a second root": (
        lambda r: (new_unit(r, OTHER_STREET, None, escrow=bytes(32)), ROOT_KEY),
        "there is one root",
    ),
    "a child that makes itself a root": (
        lambda r: (unit_fields(r, DISTRICT, parent=None, escrow=bytes(32)), above(DISTRICT)),
        "there is one root",
    ),
    "a station given twice": (
        lambda r: (device_fields(r, VILLAGE, 1, signing=bytes(32)), above(VILLAGE)),
        "was given before",
    ),
    "a key of another device": (
        lambda r: (device_fields(r, VILLAGE, 2, signing=DEVICE_KEY.public), above(VILLAGE)),
        "same signing key",
    ),
    "a revocation of another unit's device": (
        lambda r: ({**revoke_fields(r, DEVICE, 1), "device": OTHER_DEVICE}, above(VILLAGE)),
        "not a device of this unit",
    ),
    "an older epoch": (
        lambda r: (unit_fields(r, VILLAGE, epoch=0), above(VILLAGE)),
        "new epoch",
    ),
    "a gap": (
        lambda r: ({**device_fields(r, VILLAGE, 2), "n": 3}, above(VILLAGE)),
        "position 2 is missing",
    ),
    "another hash before": (
        lambda r: ({**device_fields(r, VILLAGE, 2), "prev": b"\1" * 32}, above(VILLAGE)),
        "does not follow",
    ),
    "another statement at a place that is taken": (
        lambda r: (
            new_unit(r, VILLAGE, STREET, n=0, prev=bytes(32), name="别的社区"),
            above(VILLAGE),
        ),
        "another statement stands",
    ),
    "a device of a unit that nobody stated": (
        lambda r: (
            device_fields(
                r,
                VILLAGE,
                1,
                unit=OTHER_STREET,
                n=0,
                prev=bytes(32),
                device=f"{OTHER_STREET}-01",
            ),
            above(STREET),
        ),
        "begins with",
    ),
    "an unknown kind before the unit": (
        lambda r: (
            {
                "unit": OTHER_STREET,
                "n": r.next_place(OTHER_STREET)[0],
                "prev": bytes(32),
                "kind": "roster",
                "parent": [DISTRICT],
            },
            above(STREET),
        ),
        "begins with",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_statement_out_of_place_is_refused_and_changes_nothing(
    registry: Registry, case: str
) -> None:
    make, reason = REFUSED[case]
    raw = sign_statement(*make(registry))
    before = state(registry)

    with pytest.raises(TrustError, match=reason) as refusal:
        registry.apply(raw)

    assert "\n" not in str(refusal.value)
    assert state(registry) == before


def test_a_tree_deeper_than_six_tiers_is_refused(empty: Registry) -> None:
    codes = [f"12010000000{n}" for n in range(DEPTH_MAX + 1)]
    for n, code in enumerate(codes[:-1]):
        parent = codes[n - 1] if n else None
        fields = new_unit(empty, code, parent, **({} if parent else {"escrow": bytes(32)}))
        empty.apply(sign_statement(fields, signing_key(parent) if parent else ROOT_KEY))

    with pytest.raises(TrustError, match="more than 6 tiers"):
        empty.apply(
            sign_statement(new_unit(empty, codes[-1], codes[-2]), signing_key(codes[-2]))
        )


def test_a_move_that_would_make_the_tree_too_deep_is_refused(registry: Registry) -> None:
    parent = OTHER_VILLAGE
    for code in ("120103001005", "120103001006"):
        registry.apply(sign_statement(new_unit(registry, code, parent), signing_key(parent)))
        parent = code
    registry.apply(
        sign_statement(new_unit(registry, "120103004000", DISTRICT), signing_key(DISTRICT))
    )
    registry.apply(
        sign_statement(
            new_unit(registry, "120103004001", "120103004000"), signing_key("120103004000")
        )
    )
    moved = new_unit(registry, "120103004000", "120103001005")

    with pytest.raises(TrustError, match="more than 6 tiers"):
        registry.apply(sign_statement(moved, signing_key(DISTRICT)))


def test_a_registry_under_another_root_key_accepts_nothing(registry: Registry) -> None:
    other = Registry(signing_key("another city").public)

    with pytest.raises(TrustError, match="not signed by the root key"):
        other.apply(registry.statements()[0])
