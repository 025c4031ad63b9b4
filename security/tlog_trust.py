"""Whose logs and witnesses a reader believes, as the registry says it.

A log is signed by the device of its hub, a cosignature by the device of its witness: so whoever
holds the registry holds every key. A checkpoint of a hub is final with the unit above and one
sibling, as far as there are such; signed by the hub alone it is provisional. The root has
nobody above: its checkpoints are pinned by the feeds below it and printed once a day.
"""

from security.errors import FormatError, TrustError
from security.registry import Registry, Unit
from security.suites import HASH_BYTES
from security.tlog_notes import (
    COSIGNATURE,
    LOG,
    SignedCheckpoint,
    Verifier,
    device_of,
    log_name,
    verify_log,
    witness_name,
)
from security.tlog_policy import NONE, Group, Policy
from security.tlog_proof import LogProof

SIBLINGS_MAX = 24
"""Siblings whose word counts; a policy holds at most 32 witnesses."""


def log_unit(registry: Registry, signed: SignedCheckpoint) -> Unit:
    """The unit whose log a checkpoint is of, its signature checked.

    Raises:
        TrustError: The origin is no device of the registry, or was revoked.
        SignatureError: That device did not sign it.
    """
    try:
        device = registry.device(device_of(signed.checkpoint.origin))
    except FormatError as error:
        raise TrustError(str(error)) from error
    if registry.revoked_after(device.id) is not None:
        raise TrustError(f"the log is of device {device.id}, which was revoked")
    verify_log(signed, device.signing)
    return registry.unit(device.unit)


def policy_of(registry: Registry, unit: str) -> Policy:
    """When a checkpoint of the logs of a unit is final.

    Raises:
        TrustError: There is no such unit.
    """
    hub = registry.unit(unit)
    logs = tuple(
        Verifier(log_name(device.id), LOG, device.signing)
        for device in registry.devices(unit)
        if registry.revoked_after(device.id) is None
    )
    if hub.parent is None:
        return Policy(logs)
    groups = {
        "parents": _witnesses(registry, [hub.parent]),
        "siblings": _witnesses(registry, siblings(registry, unit)[:SIBLINGS_MAX]),
    }
    present = {name: found for name, found in groups.items() if found}
    if not present:
        return Policy(logs)
    rules = {name: Group(1, tuple(found)) for name, found in present.items()}
    rules["final"] = Group(len(rules), tuple(rules))
    witnesses = {name: key for found in present.values() for name, key in found.items()}
    return Policy(logs, witnesses, rules, "final")


def siblings(registry: Registry, unit: str) -> list[str]:
    """The other hubs below the same parent, in a ring that begins behind this one."""
    parent = registry.unit(unit).parent
    if parent is None:
        return []
    hubs = [
        child.code
        for child in registry.children(parent)
        if child.code == unit or registry.children(child.code)
    ]
    place = hubs.index(unit)
    return hubs[place + 1 :] + hubs[:place]


def is_provisional_for_ever(policy: Policy) -> bool:
    """Tell whether a policy asks for nobody's cosignature, as that of the root."""
    return policy.quorum == NONE


def _witnesses(registry: Registry, units: list[str]) -> dict[str, Verifier]:
    return {
        device.id: Verifier(witness_name(device.id), COSIGNATURE, device.signing)
        for unit in units
        for device in registry.devices(unit)
        if registry.revoked_after(device.id) is None
    }


def verify_case_proof(proof: LogProof, case: bytes, device: str, registry: Registry) -> bool:
    """Check that a hub above a device logged a record of a case; tells whether that is final.

    Args:
        proof: its `extra` is the leaf, which names the case.
        case: the id in a receipt.
        device: who gave the receipt.
        registry: says whose logs stand above the device.

    Raises:
        TrustError: The proof is about another case, or of a log that is not above the device.
        SignatureError, ProofError: It does not hold.
    """
    unit = log_unit(registry, proof.signed)
    above = registry.path(registry.device(device).unit)
    if proof.extra[HASH_BYTES:] != case or unit.code not in above:
        raise TrustError("the proof is not about the case of this receipt")
    return proof.verify(proof.extra, policy_of(registry, unit.code))
