"""Villages that move and keys that change: authority is judged where a statement stands."""

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
from tests.support.registries import new_unit

OTHER_STREET = "120103003000"


def test_a_moved_village_takes_its_path_from_the_new_street(registry: Registry) -> None:
    registry.apply(sign_statement(new_unit(registry, OTHER_STREET, DISTRICT), above(STREET)))

    registry.apply(
        sign_statement(unit_fields(registry, VILLAGE, parent=OTHER_STREET), above(VILLAGE))
    )

    assert registry.path(VILLAGE) == (CITY, DISTRICT, OTHER_STREET, VILLAGE)
    assert [unit.code for unit in registry.children(STREET)] == [OTHER_VILLAGE]
    assert registry.device(DEVICE).unit == VILLAGE


def test_after_a_move_the_new_street_speaks_for_the_village(registry: Registry) -> None:
    registry.apply(sign_statement(new_unit(registry, OTHER_STREET, DISTRICT), above(STREET)))
    registry.apply(
        sign_statement(unit_fields(registry, VILLAGE, parent=OTHER_STREET), above(VILLAGE))
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
        sign_statement(unit_fields(registry, VILLAGE, parent=OTHER_STREET), above(VILLAGE))
    )
    small = Registry(ROOT_KEY.public)

    for raw in registry.statements([VILLAGE]):
        small.apply(raw)

    assert small.path(VILLAGE) == registry.path(VILLAGE)


def test_a_moved_street_takes_its_villages_along(registry: Registry) -> None:
    registry.apply(sign_statement(unit_fields(registry, STREET, parent=CITY), above(STREET)))

    assert registry.path(VILLAGE) == (CITY, STREET, VILLAGE)
    assert registry.path(OTHER_VILLAGE) == (CITY, STREET, OTHER_VILLAGE)


def test_a_new_key_of_a_unit_signs_what_comes_after(registry: Registry) -> None:
    fresh = signing_key("fresh")
    registry.apply(
        sign_statement(unit_fields(registry, STREET, signing=fresh.public), above(STREET))
    )
    enrolment = device_fields(registry, VILLAGE, 2)

    with pytest.raises(TrustError, match="not signed by"):
        registry.apply(sign_statement(enrolment, signing_key(STREET)))
    registry.apply(sign_statement(enrolment, fresh))
    assert registry.device_at(VILLAGE, 2).station == 2


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
