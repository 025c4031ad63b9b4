"""What tests of the registry have in common: its visible state, and a unit to add."""

from security.registry import Registry
from tests.golden.samples import reading_key, signing_key


def state(registry: Registry) -> object:
    """All that a registry answers, to compare before and after."""
    return (
        registry.statements(),
        registry.units(),
        [registry.devices(unit.code) for unit in registry.units()],
        [registry.children(unit.code) for unit in registry.units()],
        [
            registry.revoked_after(device.id)
            for unit in registry.units()
            for device in registry.devices(unit.code)
        ],
    )


def new_unit(
    registry: Registry, code: str, parent: str | None, **changes: object
) -> dict[str, object]:
    """The fields of a statement about a new unit, at the next place of its log."""
    n, prev = registry.next_place(code)
    return {
        "unit": code,
        "n": n,
        "prev": prev,
        "kind": "unit",
        "name": "新单位",
        "tier": "street",
        "parent": parent,
        "signing": signing_key(code).public,
        "reading": reading_key(code).public,
        "epoch": 1,
        **changes,
    }
