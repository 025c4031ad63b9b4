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


def epoch_fields(registry: Registry, code: str, epoch: int) -> dict[str, object]:
    """The next statement about a unit, which gives it a new reading key."""
    return {
        **_next(registry, code),
        "kind": "epoch",
        "epoch": epoch,
        "reading": reading_key(f"{code} {epoch}").public,
        "sealed": [],
    }


def incarnation_fields(
    registry: Registry, device: str, number: int, after_seq: int
) -> dict[str, object]:
    """The next statement about a unit, which lets a device go on in another feed."""
    what = {"kind": "incarnation", "device": device, "number": number}
    return {**_next(registry, device[:12]), **what, "after_seq": after_seq}


def set_fields(registry: Registry, code: str, *, log: str | None = "own") -> dict[str, object]:
    """The next statement of a unit about a set that it publishes."""
    return {
        **_next(registry, code, log or ""),
        **({"log": log} if log else {}),
        "kind": "publish",
        "name": "catalogue",
        "version": "1",
        "hash": bytes(32),
        "size": 9,
        "effective_ms": 0,
    }


def _next(registry: Registry, code: str, log: str = "") -> dict[str, object]:
    n, prev = registry.next_place(code, log)
    return {"unit": code, "n": n, "prev": prev}


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
