"""Villages that move and keys that change: authority is judged where a statement stands."""

import random

import pytest

from security.errors import TrustError
from security.registry import (
    Registry,
    sign_statement,
)
from tests.golden.samples import (
    CITY,
    DEVICE,
    DISTRICT,
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
from tests.support.registries import incarnation_fields, new_unit, set_fields

OTHER_STREET = "120103003000"


def test_a_moved_village_takes_its_path_from_the_new_street(registry: Registry) -> None:
    registry.apply(sign_statement(new_unit(registry, OTHER_STREET, DISTRICT), above(STREET)))

    registry.apply(
        sign_statement(
            unit_fields(registry, VILLAGE, parent=OTHER_STREET, by=DISTRICT),
            signing_key(DISTRICT),
        )
    )

    assert registry.path(VILLAGE) == (CITY, DISTRICT, OTHER_STREET, VILLAGE)
    assert [unit.code for unit in registry.children(STREET)] == [OTHER_VILLAGE]
    assert registry.device(DEVICE).unit == VILLAGE


def test_after_a_move_the_new_street_speaks_for_the_village(registry: Registry) -> None:
    registry.apply(sign_statement(new_unit(registry, OTHER_STREET, DISTRICT), above(STREET)))
    registry.apply(
        sign_statement(
            unit_fields(registry, VILLAGE, parent=OTHER_STREET, by=DISTRICT),
            signing_key(DISTRICT),
        )
    )
    revocation = revoke_fields(registry, DEVICE, 1)

    with pytest.raises(TrustError, match=f"not signed by {OTHER_STREET}"):
        registry.apply(sign_statement(revocation, signing_key(STREET)))
    registry.apply(sign_statement(revocation, signing_key(OTHER_STREET)))
    assert registry.is_revoked(DEVICE, 2)


def test_the_statements_of_a_moved_village_bring_its_former_street_along(
    registry: Registry,
) -> None:
    registry.apply(sign_statement(new_unit(registry, OTHER_STREET, DISTRICT), above(STREET)))
    registry.apply(
        sign_statement(
            unit_fields(registry, VILLAGE, parent=OTHER_STREET, by=DISTRICT),
            signing_key(DISTRICT),
        )
    )
    small = Registry(ROOT_KEY.public)

    for raw in registry.statements([VILLAGE]):
        small.apply(raw)

    assert small.path(VILLAGE) == registry.path(VILLAGE)


def test_a_moved_street_takes_its_villages_along(registry: Registry) -> None:
    registry.apply(
        sign_statement(unit_fields(registry, STREET, parent=CITY, by=CITY), signing_key(CITY))
    )

    assert registry.path(VILLAGE) == (CITY, STREET, VILLAGE)
    assert registry.path(OTHER_VILLAGE) == (CITY, STREET, OTHER_VILLAGE)


def test_what_an_old_key_signed_counts_until_the_log_has_come_to_the_new_one(
    registry: Registry,
) -> None:
    fresh = signing_key("fresh")
    before = sign_statement(device_fields(registry, VILLAGE, 2), signing_key(STREET))
    registry.apply(
        sign_statement(unit_fields(registry, STREET, signing=fresh.public), above(STREET))
    )
    registry.apply(before)
    registry.apply(sign_statement(device_fields(registry, VILLAGE, 3, key=1), fresh))

    with pytest.raises(TrustError, match="newer key"):
        registry.apply(sign_statement(device_fields(registry, VILLAGE, 4), signing_key(STREET)))
    assert [device.station for device in registry.devices(VILLAGE)] == [1, 2, 3]


def test_statements_of_different_logs_come_to_the_same_in_any_order(
    registry: Registry,
) -> None:
    start = len(registry.statements())
    fresh = signing_key("fresh")
    registry.apply(sign_statement(new_unit(registry, OTHER_STREET, DISTRICT), above(STREET)))
    registry.apply(sign_statement(device_fields(registry, VILLAGE, 2), above(VILLAGE)))
    registry.apply(
        sign_statement(unit_fields(registry, STREET, signing=fresh.public), above(STREET))
    )
    registry.apply(
        sign_statement(unit_fields(registry, VILLAGE, name="新九江路", key=1), fresh)
    )
    registry.apply(
        sign_statement(
            unit_fields(registry, VILLAGE, parent=OTHER_STREET, by=DISTRICT),
            signing_key(DISTRICT),
        )
    )
    registry.apply(sign_statement({**set_fields(registry, STREET), "key": 1}, fresh))

    for order in range(20):
        shuffled = list(registry.statements()[start:])
        random.Random(order).shuffle(shuffled)
        other = Registry(ROOT_KEY.public)
        other.apply_all([*registry.statements()[:start], *shuffled])

        assert {unit.code: unit for unit in other.units()} == {
            unit.code: unit for unit in registry.units()
        }
        assert other.publications(STREET) == registry.publications(STREET)


def test_a_path_of_the_past_stays_known_after_a_move(registry: Registry) -> None:
    registry.apply(sign_statement(new_unit(registry, OTHER_STREET, DISTRICT), above(STREET)))
    registry.apply(
        sign_statement(
            unit_fields(registry, VILLAGE, parent=OTHER_STREET, by=DISTRICT),
            signing_key(DISTRICT),
        )
    )

    assert registry.knows_path(PATH)
    assert registry.knows_path((CITY, DISTRICT, OTHER_STREET, VILLAGE))
    assert not registry.knows_path((CITY, DISTRICT, OTHER_STREET, OTHER_VILLAGE))
    assert not registry.knows_path((DISTRICT, STREET, VILLAGE))
    assert OTHER_STREET in registry.concerned(PATH)
    assert registry.came_from_elsewhere(OTHER_STREET) == (VILLAGE,)
    assert registry.came_from_elsewhere(DISTRICT) == ()


def test_a_feed_goes_on_under_the_incarnation_that_was_approved(registry: Registry) -> None:
    registry.apply(sign_statement(incarnation_fields(registry, DEVICE, 1, 7), above(VILLAGE)))

    assert registry.incarnation(DEVICE) == 1
    assert registry.has_ended(DEVICE, 0, 8)
    assert not registry.has_ended(DEVICE, 0, 7)
    assert not registry.has_ended(DEVICE, 1, 8)


def test_a_new_reading_key_comes_with_a_new_epoch(registry: Registry) -> None:
    fresh = reading_key("fresh").public

    with pytest.raises(TrustError, match="new epoch"):
        registry.apply(
            sign_statement(unit_fields(registry, STREET, reading=fresh), above(STREET))
        )
    registry.apply(
        sign_statement(unit_fields(registry, STREET, reading=fresh, epoch=2), above(STREET))
    )
    assert registry.unit(STREET).epoch == 2
