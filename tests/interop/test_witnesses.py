"""A hub's history is vouched for by the unit above and a sibling, and pinned from below."""

from pathlib import Path

import pytest

from security.errors import SignatureError, TrustError
from security.registry import Registry, sign_statement
from security.signing import ReadingKey
from security.tlog_notes import Checkpoint, log_name, sign_checkpoint
from security.tlog_proof import Advance, format_advance
from security.tlog_trust import policy_of
from sync.errors import PeerProtocolError
from sync.feeds import PINNED_KEY
from sync.log.contact import (
    CONTACT_BYTES_MAX,
    ChildSide,
    Request,
    decode_reply,
    decode_request,
    encode_request,
)
from sync.log.hublog import CHECKPOINTS
from tests.support.logs import LogHub, documents, fill, hub, speak
from tests.support.tree import (
    CITY,
    STREET,
    VILLAGE,
    device_key,
    device_of,
    make_registry,
    memory_store,
    secret,
    unit_key,
)

OTHER_STREET = "120103002000"
THIRD_VILLAGE = "120103002001"


def two_streets() -> Registry:
    """The small tree with a second street, which has a village of its own."""
    registry = make_registry()
    for unit, parent in ((OTHER_STREET, CITY), (THIRD_VILLAGE, OTHER_STREET)):
        for kind in ("unit", "device"):
            n, prev = registry.next_place(unit)
            values: dict[str, object] = {"unit": unit, "n": n, "prev": prev, "kind": kind}
            if kind == "unit":
                values |= {
                    "name": unit,
                    "tier": "street" if parent == CITY else "village",
                    "parent": parent,
                    "signing": unit_key(unit).public,
                    "reading": ReadingKey.from_private(secret(f"r {unit}")).public,
                    "epoch": 1,
                }
            else:
                values |= {
                    "device": device_of(unit),
                    "station": 1,
                    "signing": device_key(unit).public,
                    "reading": ReadingKey.from_private(secret(f"d {unit}")).public,
                    "ssh": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43,
                    "host": None,
                }
            registry.apply(sign_statement(values, unit_key(parent)))
    return registry


@pytest.fixture
def registry() -> Registry:
    return two_streets()


@pytest.fixture
def city(registry: Registry, tmp_path: Path) -> LogHub:
    city = hub(CITY, registry, tmp_path)
    fill(city.store, 5, "city")
    city.log.update()
    return city


@pytest.fixture
def street(registry: Registry, tmp_path: Path) -> LogHub:
    street = hub(STREET, registry, tmp_path)
    fill(street.store, 300)
    street.log.update()
    return street


@pytest.fixture
def sibling(registry: Registry, tmp_path: Path) -> LogHub:
    sibling = hub(OTHER_STREET, registry, tmp_path)
    fill(sibling.store, 7, "sibling")
    sibling.log.update()
    return sibling


def outpost(registry: Registry) -> tuple[ChildSide, list[str]]:
    raised: list[str] = []
    store = memory_store("outpost")
    side = ChildSide(
        store=store,
        registry=registry,
        parent=STREET,
        on_alarm=lambda alarm: raised.append(alarm.kind),
    )
    return side, raised


def is_final(one: LogHub) -> bool:
    signed = one.log.head.signed
    assert signed is not None
    return policy_of(one.registry, one.unit).is_final(signed)


def rewritten(street: LogHub, size: int, tmp_path: Path, name: str = "rewritten") -> LogHub:
    """The same hub with another history, signed by its own key."""
    other = LogHub(street.unit, street.registry, tmp_path / name, memory_store(name))
    fill(other.store, size, name)
    other.log.update()
    return other


def test_the_unit_above_cosigns_and_logs_the_checkpoint_in_its_own_tree(
    city: LogHub, street: LogHub
) -> None:
    speak(street.child(CITY), city, device_of(STREET))

    signed = street.log.head.signed
    assert signed is not None
    assert len(signed.signatures) == 2
    before = city.log.head.size
    city.log.update()
    kept = city.store.changes(0, limit=9, databases=(CHECKPOINTS,)).rows
    assert (len(kept), city.log.head.size) == (1, before + 1)


def test_a_checkpoint_is_provisional_until_a_sibling_has_cosigned_too(
    city: LogHub, street: LogHub, sibling: LogHub
) -> None:
    above, beside = street.child(CITY), sibling.child(CITY)
    speak(above, city, device_of(STREET))
    was_final = is_final(street)

    for _ in range(4):
        speak(above, city, device_of(STREET))
        speak(beside, city, device_of(OTHER_STREET))

    assert not was_final
    assert is_final(street)
    assert is_final(sibling)


def test_a_hub_that_was_cut_off_goes_on_and_becomes_final_later(
    city: LogHub, street: LogHub, sibling: LogHub
) -> None:
    above, beside = street.child(CITY), sibling.child(CITY)
    for size in (400, 900, 1_500):
        street.store.put(documents(size))
        street.log.update()
    was_final = is_final(street)

    for _ in range(4):
        speak(above, city, device_of(STREET))
        speak(beside, city, device_of(OTHER_STREET))

    assert not was_final
    assert is_final(street)


def test_a_witness_that_started_anew_is_answered_from_where_it_stands(
    city: LogHub, street: LogHub
) -> None:
    speak(street.child(CITY), city, device_of(STREET))
    street.store.put(documents(500))
    street.log.update()

    speak(street.child(CITY), city, device_of(STREET))

    signed = street.log.head.signed
    assert signed is not None
    assert signed.checkpoint.size == 500
    assert len(signed.signatures) == 2


def test_an_outpost_pins_what_it_has_verified_and_only_that(
    street: LogHub, registry: Registry
) -> None:
    village, raised = outpost(registry)
    speak(village, street, device_of(VILLAGE))
    street.store.put(documents(800))
    street.log.update()

    speak(village, street, device_of(VILLAGE))

    pinned, signed = village.pinned(), street.log.head.signed
    assert pinned is not None
    assert signed is not None
    assert pinned.checkpoint == signed.checkpoint
    assert village.store.local(PINNED_KEY) is not None
    assert raised == []


def test_a_hub_that_shows_a_child_another_tree_is_caught_with_both_notes(
    street: LogHub, registry: Registry, tmp_path: Path
) -> None:
    village, raised = outpost(registry)
    speak(village, street, device_of(VILLAGE))
    before = village.pinned()

    for size in (300, 500):
        speak(village, rewritten(street, size, tmp_path, f"other {size}"), device_of(VILLAGE))

    assert raised == ["fork", "fork"]
    assert village.pinned() == before


def test_a_hub_that_shows_an_older_tree_is_caught(
    street: LogHub, registry: Registry, tmp_path: Path
) -> None:
    village, raised = outpost(registry)
    older = LogHub(STREET, registry, tmp_path / "older", memory_store("older"))
    fill(older.store, 200)
    older.log.update()
    speak(village, street, device_of(VILLAGE))

    speak(village, older, device_of(VILLAGE))

    assert raised == ["rollback"]


def test_a_witness_does_not_cosign_a_second_history(
    city: LogHub, street: LogHub, tmp_path: Path
) -> None:
    speak(street.child(CITY), city, device_of(STREET))
    other = rewritten(street, 500, tmp_path)

    speak(other.child(CITY), city, device_of(STREET))
    speak(other.child(CITY), city, device_of(STREET))

    signed = other.log.head.signed
    assert signed is not None
    assert len(signed.signatures) == 1
    assert city.raised == [(log_name(device_of(STREET)), "fork")]
    assert "postroad/" in str(city.evidence[0]["kept"])
    assert city.evidence[0]["kept"] != city.evidence[0]["shown"]


def test_two_submissions_at_once_never_move_a_witness_back(
    city: LogHub, street: LogHub
) -> None:
    small = street.log.advance(0)
    street.store.put(documents(500))
    street.log.update()
    large = street.log.advance(0)
    assert small is not None
    assert large is not None
    city.witness.add_checkpoint(format_advance(large))

    verdict = city.witness.add_checkpoint(format_advance(small))

    assert verdict.line is None
    assert verdict.standing == 500


def test_a_checkpoint_signed_by_another_key_is_not_looked_at(city: LogHub) -> None:
    head = Checkpoint(log_name(device_of(STREET)), 3, bytes(32))
    forged = Advance(0, (), sign_checkpoint(head, device_key(VILLAGE)))

    with pytest.raises(SignatureError):
        city.witness.add_checkpoint(format_advance(forged))


def test_a_log_that_nobody_registered_is_not_cosigned(city: LogHub) -> None:
    head = Checkpoint("postroad/120103009000-01", 3, bytes(32))
    stranger = Advance(0, (), sign_checkpoint(head, device_key(VILLAGE)))

    with pytest.raises(TrustError):
        city.witness.add_checkpoint(format_advance(stranger))


def test_a_child_cannot_submit_the_checkpoint_of_another(
    city: LogHub, street: LogHub, sibling: LogHub
) -> None:
    request = street.child(CITY).request()

    with pytest.raises(PeerProtocolError):
        city.side().answer(request, device_of(OTHER_STREET))
    assert sibling.raised == []


def test_cosignatures_of_strangers_are_not_kept(city: LogHub, street: LogHub) -> None:
    child = street.child(CITY)
    speak(child, city, device_of(STREET))
    signed = street.log.head.signed
    assert signed is not None
    stranger = hub(VILLAGE, street.registry, street.folder.parent / "stranger")
    advance = street.log.advance(0)
    assert advance is not None
    line = stranger.witness.add_checkpoint(format_advance(advance)).line
    assert line is not None

    child._keep_lines(f"{line.line}\n")

    assert street.log.head.signed == signed


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xa0",
        b"\x80",
        encode_request(Request(pinned=1))[:-1],
        bytes(CONTACT_BYTES_MAX + 1),
    ],
)
def test_what_is_no_message_is_refused(raw: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode_request(raw)
    with pytest.raises(PeerProtocolError):
        decode_reply(raw)


def test_the_root_needs_nobody_above_it(city: LogHub) -> None:
    assert is_final(city)
    assert policy_of(city.registry, CITY).witnesses == {}


def test_witnesses_of_a_street_are_the_city_and_the_streets_beside_it(
    registry: Registry,
) -> None:
    policy = policy_of(registry, STREET)

    assert sorted(policy.witnesses) == [device_of(CITY), device_of(OTHER_STREET)]
    assert policy.quorum == "final"
