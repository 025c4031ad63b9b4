"""May a statement stand where it stands? The rules, and what an accepted one changes.

Statements of different logs may arrive in any order, so no rule asks for the present state of
another log where a later arrival could make the answer differ: who is or was above may sign,
with any of its keys but one older than the log has seen. Thus all nodes that
hold the same statements come to the same registry.
"""

from dataclasses import replace

from security.errors import EarlyError, SignatureError, TrustError
from security.header import DEPTH_MAX
from security.registry_state import Log, Publication, State, Unit, log_name
from security.statements import (
    Device,
    Epoch,
    Incarnation,
    PublishedSet,
    Revocation,
    StatedUnit,
    Statement,
)

LOG_LENGTH_MAX = 2_000
"""Statements of one log: a unit with a new key each quarter needs them in 500 years."""

CHILDREN_MAX = 1_000
"""Units directly below one; the largest street of the country has some hundred."""


def accept(state: State, statement: Statement) -> None:
    """Judge the next statement of its log and take it in; one that is refused changes nothing.

    Raises:
        EarlyError: It names something that no statement has introduced yet.
        TrustError: It may not stand here.
    """
    floors = _check_signature(state, statement)
    match statement.content:
        case PublishedSet() as stated:
            _apply_published(state, statement, stated)
        case StatedUnit() as unit:
            _apply_unit(state, statement, unit)
        case Device() as device:
            _apply_device(state, statement, device)
        case Revocation() as revocation:
            _apply_revocation(state, statement, revocation)
        case Epoch() as epoch:
            _apply_epoch(state, statement, epoch)
        case Incarnation() as incarnation:
            _apply_incarnation(state, statement, incarnation)
    log = state.logs.setdefault(log_name(statement.unit, statement.log), Log())
    log.floors.update(floors)
    log.hashes.append(statement.hash)
    state.accepted.append((statement.unit, statement.raw))


def refusal(statement: Statement, reason: str) -> TrustError:
    """The error that says in one line which statement is refused, and why."""
    return TrustError(f"statement {statement.position} about {statement.unit}: {reason}")


def early(statement: Statement, reason: str) -> EarlyError:
    """The error for a statement that has to wait."""
    return EarlyError(f"statement {statement.position} about {statement.unit}: {reason}")


def stood_above(state: State, code: str) -> dict[str, None]:
    """All units that a unit ever had above it, itself included."""
    found: dict[str, None] = {}
    waiting = [code]
    while waiting:
        each = waiting.pop()
        if each not in found and each in state.logs:
            found[each] = None
            waiting += state.logs[each].parents
    return found


def _check_signature(state: State, statement: Statement) -> dict[str, int]:
    """Check who signed, before anything is taken in; give the floors of the log after it."""
    signer = _signer(state, statement)
    if signer is None:
        public, floors, who = state.root_public, {}, "the root key"
    else:
        public, floors, who = _key(state, statement, signer), {signer: statement.key}, signer
    try:
        statement.verify(public)
    except SignatureError as error:
        raise refusal(statement, f"it is not signed by {who}") from error
    return floors


def _key(state: State, statement: Statement, signer: str) -> bytes:
    keys = state.logs[signer].keys
    log = state.logs.get(log_name(statement.unit, statement.log))
    if statement.key >= len(keys):
        raise early(statement, f"key {statement.key} of {signer} is not known")
    if log is not None and statement.key < log.floors.get(signer, 0):
        raise refusal(statement, f"{signer} had a newer key when the log went on")
    return keys[statement.key]


def _signer(state: State, statement: Statement) -> str | None:
    """The unit that has to have signed; None for the city root."""
    if statement.log:
        return _own_signer(state, statement)
    stated = statement.content if isinstance(statement.content, StatedUnit) else None
    if statement.unit in state.units:
        parent = state.units[statement.unit].parent
    elif stated is not None:
        parent = stated.parent
    else:
        raise refusal(statement, "a log begins with a statement about the unit")
    if parent is None:
        return None
    signer = statement.by or parent
    _check_is_above(state, statement, signer, parent)
    if stated is not None and stated.parent not in {None, parent}:
        # Who moves a unit stands above both places: nobody gives away or takes what is not his.
        _check_is_above(state, statement, signer, str(stated.parent))
    return signer


def _check_is_above(state: State, statement: Statement, signer: str, place: str) -> None:
    if place not in state.units:
        raise early(statement, f"the unit {place} above it is not known")
    if signer not in stood_above(state, place):
        raise refusal(statement, f"{signer} does not stand above it")


def _own_signer(state: State, statement: Statement) -> str:
    if statement.unit not in state.units:
        raise early(statement, "the unit is not known")
    if statement.content is not None and not isinstance(statement.content, PublishedSet):
        raise refusal(statement, "a unit does not say this of itself")
    return statement.unit


def _apply_unit(state: State, statement: Statement, stated: StatedUnit) -> None:
    unit = _placed(state, statement, stated)
    before = state.units.get(unit.code)
    _check_epoch(statement, unit, before or unit)
    if before is None:
        state.logs[unit.code] = Log()
    elif before.parent is not None:
        state.logs[before.parent].children.pop(unit.code, None)
    log = state.logs[unit.code]
    if unit.parent is None:
        state.root = unit.code
        state.escrow = stated.escrow
    else:
        state.logs[unit.parent].children[unit.code] = None
        log.parents[unit.parent] = None
        if len(log.parents) > 1:
            state.moved[unit.code] = None
    if unit.signing not in log.keys[-1:]:
        log.keys.append(unit.signing)
    state.units[unit.code] = unit
    if before is not None and before.path != unit.path:
        _move_below(state, unit)


def _placed(state: State, statement: Statement, stated: StatedUnit) -> Unit:
    """Give the unit with its path, if the tree has room for it there."""
    code = statement.unit
    if stated.parent is None:
        if state.root not in {None, code}:
            raise refusal(statement, f"the root is {state.root}, and there is one root")
        above: tuple[str, ...] = ()
    elif stated.parent not in state.units:
        raise early(statement, f"the unit {stated.parent} above it is not known")
    else:
        above = state.units[stated.parent].path
        siblings = state.logs[stated.parent].children
        if code not in siblings and len(siblings) >= CHILDREN_MAX:
            raise refusal(statement, f"{stated.parent} has {CHILDREN_MAX} units below it")
    if code in above:
        raise refusal(statement, "a unit cannot stand below itself")
    if code == state.root and above:
        raise refusal(statement, "the root has nothing above it")
    if len(above) + 1 + _height(state, code) > DEPTH_MAX:
        raise refusal(statement, f"the tree has more than {DEPTH_MAX} tiers")
    return Unit(
        code=code,
        name=stated.name,
        tier=stated.tier,
        parent=stated.parent,
        path=(*above, code),
        signing=stated.signing,
        reading=stated.reading,
        epoch=stated.epoch,
        closed=stated.closed,
        gateways=stated.gateways,
    )


def _check_epoch(statement: Statement, unit: Unit, before: Unit) -> None:
    same_epoch = unit.epoch == before.epoch
    if unit.epoch < before.epoch or (same_epoch and unit.reading != before.reading):
        raise refusal(statement, "a new reading key needs a new epoch")


def _height(state: State, code: str) -> int:
    # The recursion is as deep as the tree, which is at most DEPTH_MAX.
    if code not in state.logs:
        return 0
    below = state.logs[code].children
    return max((1 + _height(state, child) for child in below), default=0)


def _move_below(state: State, unit: Unit) -> None:
    for child in state.logs[unit.code].children:
        moved = replace(state.units[child], path=(*unit.path, child))
        state.units[child] = moved
        _move_below(state, moved)


def _apply_device(state: State, statement: Statement, device: Device) -> None:
    if device.id in state.devices:
        raise refusal(statement, f"the station of {device.id} was given before")
    if device.signing in state.device_keys:
        other = state.device_keys[device.signing]
        raise refusal(statement, f"{other} has the same signing key")
    state.devices[device.id] = device
    state.device_keys[device.signing] = device.id
    state.logs[device.unit].devices[device.id] = None


def _apply_revocation(state: State, statement: Statement, revocation: Revocation) -> None:
    device, after_seq = revocation.device, revocation.after_seq
    _check_own_device(state, statement, device)
    if after_seq > state.revoked_after.get(device, after_seq):
        raise refusal(statement, f"{device} was revoked earlier, and stays so")
    state.revoked_after[device] = after_seq


def _apply_epoch(state: State, statement: Statement, epoch: Epoch) -> None:
    unit = state.units[statement.unit]
    if epoch.epoch <= unit.epoch:
        raise refusal(statement, "a new reading key needs a new epoch")
    for device in epoch.sealed:
        _check_own_device(state, statement, device)
    state.logs[unit.code].epochs[epoch.epoch] = epoch
    state.units[unit.code] = replace(unit, reading=epoch.reading, epoch=epoch.epoch)


def _apply_incarnation(state: State, statement: Statement, stated: Incarnation) -> None:
    _check_own_device(state, statement, stated.device)
    ended = state.incarnations.get(stated.device, ())
    if stated.number != len(ended) + 1:
        raise refusal(statement, f"{stated.device} is in incarnation {len(ended)}")
    state.incarnations[stated.device] = (*ended, stated.after_seq)


def _apply_published(state: State, statement: Statement, stated: PublishedSet) -> None:
    if not statement.log:
        raise refusal(statement, "a unit publishes in its own log")
    earlier = state.publications.get(statement.unit, ())
    if any(
        (each.stated.name, each.stated.version) == (stated.name, stated.version)
        for each in earlier
    ):
        raise refusal(statement, f"version {stated.version} of {stated.name} stands already")
    state.publications[statement.unit] = (
        *earlier,
        Publication(statement.unit, statement.position, stated),
    )


def _check_own_device(state: State, statement: Statement, device: str) -> None:
    if device not in state.logs[statement.unit].devices:
        raise refusal(statement, f"{device} is not a device of this unit")
