"""Notes, cosignatures, policies and proof files are those of C2SP, believed by key alone."""

import pytest

from security.errors import FormatError, ProofError, SignatureError, TrustError
from security.tlog import Frontier, inclusion_proof, leaf_hash
from security.tlog_notes import (
    COSIGNATURE,
    LOG,
    Checkpoint,
    SignedCheckpoint,
    Verifier,
    cosign,
    device_of,
    log_name,
    parse_checkpoint,
    parse_vkey,
    quote_of,
    read_quote,
    sign_checkpoint,
    verify_log,
    witness_name,
)
from security.tlog_policy import Group, Policy, format_policy, parse_policy
from security.tlog_proof import (
    Advance,
    LogProof,
    format_advance,
    format_proof,
    parse_advance,
    parse_proof,
)
from tests.golden.samples import signing_key
from tests.unit.security.test_tlog import reader, root_of, tree

DEVICE = "120103001000-01"
PARENT = "120103000000-01"
SIBLING = "120103002000-01"
NOW = 1_795_395_900


def checkpoint(size: int = 21) -> SignedCheckpoint:
    head = Checkpoint(log_name(DEVICE), size, root_of(tree(size)))
    return sign_checkpoint(head, signing_key(DEVICE))


def witness(device: str) -> Verifier:
    return Verifier(witness_name(device), COSIGNATURE, signing_key(device).public)


def cosigned(signed: SignedCheckpoint, *devices: str) -> SignedCheckpoint:
    lines = [cosign(signed, witness_name(each), signing_key(each), NOW) for each in devices]
    return signed.with_signatures(lines)


def policy() -> Policy:
    return Policy(
        logs=(Verifier(log_name(DEVICE), LOG, signing_key(DEVICE).public),),
        witnesses={"parent": witness(PARENT), "sibling": witness(SIBLING)},
        groups={"both": Group(2, ("parent", "sibling"))},
        quorum="both",
    )


def test_a_published_verifier_key_is_read_and_written_as_it_stands() -> None:
    # The key of Go's checksum database, as every Go installation carries it.
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

    verifier = parse_vkey(text)

    assert (verifier.name, verifier.kind, verifier.vkey) == ("sum.golang.org", LOG, text)


def test_a_checkpoint_goes_through_its_text_and_back() -> None:
    signed = cosigned(checkpoint(), PARENT)

    assert parse_checkpoint(signed.note) == signed
    assert signed.signed_by(witness(PARENT)) == NOW
    assert signed.signed_by(witness(SIBLING)) is None


def test_a_checkpoint_is_believed_by_the_key_of_its_log_alone() -> None:
    verify_log(checkpoint(), signing_key(DEVICE).public)

    with pytest.raises(SignatureError):
        verify_log(checkpoint(), signing_key(PARENT).public)


@pytest.mark.parametrize(
    "change", [(b"\n21\n", b"\n22\n"), (b"postroad/1201030010", b"postroad/1201030020")]
)
def test_a_changed_checkpoint_is_signed_by_nobody(change: tuple[bytes, bytes]) -> None:
    note = cosigned(checkpoint(), PARENT).note
    changed = parse_checkpoint(note.replace(*change, 1))

    assert changed.signed_by(witness(PARENT)) is None
    with pytest.raises(SignatureError):
        verify_log(changed, signing_key(DEVICE).public)


def test_a_cosignature_does_not_hold_at_another_time() -> None:
    signed = checkpoint()
    line = cosign(signed, witness_name(PARENT), signing_key(PARENT), NOW)
    moved = type(line)(line.name, line.key_id, (NOW + 1).to_bytes(8) + line.signature[8:])

    assert signed.with_signatures([moved]).signed_by(witness(PARENT)) is None


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"postroad/x\n1\n",
        checkpoint().note[:-1],
        checkpoint().note.replace(b"\n21\n", b"\n021\n"),
        checkpoint().note.replace(b"\n21\n", b"\n-1\n"),
        checkpoint().note.replace(b"\xe2\x80\x94", b"-"),
        checkpoint().note.replace(b"\n", b"\r\n"),
        checkpoint().note + b"\x00",
        b"\xff" + checkpoint().note,
        checkpoint().note * 200,
    ],
)
def test_what_is_no_checkpoint_is_refused(note: bytes) -> None:
    with pytest.raises(FormatError):
        parse_checkpoint(note)


def test_names_tell_their_device_and_others_are_refused() -> None:
    assert device_of(log_name(DEVICE)) == device_of(witness_name(DEVICE)) == DEVICE
    with pytest.raises(FormatError):
        device_of("example.com/log")


def test_a_quote_names_the_log_key_the_size_and_the_root() -> None:
    signed = checkpoint()
    quote = quote_of(signed, signing_key(DEVICE).public)

    key_id, size, root = read_quote(quote)

    assert key_id == policy().logs[0].key_id
    assert (size, root) == (21, signed.checkpoint.root)


@pytest.mark.parametrize("quote", [None, 1, b"", bytes(43), "x" * 44])
def test_what_is_no_quote_is_refused(quote: object) -> None:
    with pytest.raises(FormatError):
        read_quote(quote)


def test_a_policy_goes_through_its_text_and_back() -> None:
    assert parse_policy(format_policy(policy(), ["a remark"])) == policy()


@pytest.mark.parametrize(
    ("witnesses", "is_final"),
    [((), False), ((PARENT,), False), ((SIBLING,), False), ((PARENT, SIBLING), True)],
)
def test_a_checkpoint_is_final_with_parent_and_sibling(
    witnesses: tuple[str, ...], *, is_final: bool
) -> None:
    assert policy().is_final(cosigned(checkpoint(), *witnesses)) is is_final


def test_cosignatures_without_the_log_make_nothing_final() -> None:
    signed = cosigned(checkpoint(), PARENT, SIBLING)
    bare = SignedCheckpoint(signed.checkpoint, signed.text, signed.signatures[1:])

    assert not policy().is_final(bare)


PARENT_KEY, LOG_KEY = witness(PARENT).vkey, policy().logs[0].vkey


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum nobody",
        "quorum none\nquorum none",
        f"log {PARENT_KEY}\nquorum none",
        f"log {LOG_KEY}\nlog {LOG_KEY}\nquorum none",
        f"witness none {PARENT_KEY}\nquorum none",
        f"witness a {PARENT_KEY}\nwitness b {PARENT_KEY}\nquorum a",
        f"witness a {PARENT_KEY}\ngroup g 2 a\nquorum g",
        f"witness a {PARENT_KEY}\ngroup g 0 a\nquorum g",
        f"witness a {PARENT_KEY}\ngroup g all a\ngroup h all a\nquorum h",
        "group g all g\nquorum g",
        "something else\nquorum none",
        "#" * 70_000,
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_policy(text)


def proof(index: int = 6, extra: bytes = b"") -> LogProof:
    hashes = inclusion_proof(reader(tree(21)), index, 21)
    return LogProof(index, tuple(hashes), cosigned(checkpoint(), PARENT), extra)


def test_a_proof_file_goes_through_its_text_and_back() -> None:
    for one in (proof(), proof(extra=b"case 7")):
        assert parse_proof(format_proof(one)) == one


def test_a_proof_is_provisional_until_the_quorum_has_cosigned() -> None:
    one = proof()
    final = LogProof(one.index, one.hashes, cosigned(checkpoint(), PARENT, SIBLING))

    assert one.verify(b"leaf 6", policy()) is False
    assert final.verify(b"leaf 6", policy()) is True


def test_a_proof_of_another_entry_or_log_is_refused() -> None:
    with pytest.raises(ProofError):
        proof().verify(b"leaf 7", policy())
    with pytest.raises(TrustError):
        proof().verify(b"leaf 6", Policy())


@pytest.mark.parametrize(
    "change",
    [
        (b"tlog-proof@v1", b"tlog-proof@v2"),
        (b"index 6", b"index 06"),
        (b"index 6", b"index"),
        (b"\n\n", b"\n"),
        (b"=\n", b"\n"),
    ],
)
def test_what_is_no_proof_file_is_refused(change: tuple[bytes, bytes]) -> None:
    raw = format_proof(proof())

    with pytest.raises(FormatError):
        parse_proof(raw.replace(*change, 1))


def test_the_form_for_witnesses_goes_through_its_text_and_back() -> None:
    advance = Advance(13, (leaf_hash(b"x"), leaf_hash(b"y")), checkpoint())
    first = Advance(0, (), checkpoint())

    assert parse_advance(format_advance(advance)) == advance
    assert parse_advance(format_advance(first)) == first


def test_an_empty_log_has_a_checkpoint() -> None:
    empty = Checkpoint(log_name(DEVICE), 0, Frontier().root())

    assert (
        parse_checkpoint(sign_checkpoint(empty, signing_key(DEVICE)).note).checkpoint == empty
    )
