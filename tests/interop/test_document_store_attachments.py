"""What the port promises of attachments, every store keeps."""

import base64
import hashlib
from collections.abc import Iterator

import pytest

from sync.couch_ports import DocumentStore
from sync.couch_values import Attachment, AttachmentStub, StagedBlob
from sync.errors import DocumentRefusedError
from tests.support.document_stores import NAME, SMALL, documents, edit, give, revision

__all__ = ["documents"]

SCAN = bytes(range(256)) * 3000  # three pieces, the last one short
NOTE = b"a note"


def digest(content: bytes) -> str:
    md5 = hashlib.md5(content, usedforsecurity=False).digest()
    return "md5-" + base64.b64encode(md5).decode()


def scan(data: bytes | StagedBlob = SCAN, name: str = "scan.png", **more: object) -> Attachment:
    return Attachment(name, "image/png", data, **more)  # type: ignore[arg-type]


def content(
    documents: DocumentStore, document_id: str, name: str = "scan.png", rev: str | None = None
) -> bytes:
    found = documents.attachment(NAME, document_id, rev, name)
    assert found is not None
    return b"".join(found.pieces())


def stubs(documents: DocumentStore, document_id: str) -> list[AttachmentStub]:
    found = documents.read(NAME, document_id)
    assert found is not None
    return list(found.attachments)


def test_attachments_come_back_whole_and_in_order(documents: DocumentStore) -> None:
    note = Attachment("备注.txt", "text/plain;charset=utf-8", NOTE)

    edit(documents, "a", attachments=(scan(), note, scan(b"", "empty")))

    assert stubs(documents, "a") == [
        AttachmentStub("scan.png", "image/png", digest(SCAN), 768000, 1, None, 768000),
        AttachmentStub("备注.txt", "text/plain;charset=utf-8", digest(NOTE), 6, 1, None, 6),
        AttachmentStub("empty", "image/png", digest(b""), 0, 1, None, 0),
    ]
    assert content(documents, "a") == SCAN
    assert content(documents, "a", "备注.txt") == NOTE
    assert content(documents, "a", "empty") == b""


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 10), (262143, 262145), (262144, None), (767999, None), (700000, 9_000_000), (5, 5)],
)
def test_a_part_of_an_attachment_can_be_read(
    documents: DocumentStore, start: int, stop: int | None
) -> None:
    edit(documents, "a", attachments=(scan(),))

    found = documents.attachment(NAME, "a", None, "scan.png")

    assert found is not None
    pieces = list(found.pieces(start, stop))
    assert b"".join(pieces) == SCAN[start:stop]
    assert all(0 < len(piece) <= 256 * 1024 for piece in pieces)


def test_a_stub_carries_an_attachment_on(documents: DocumentStore) -> None:
    first = edit(documents, "a", attachments=(scan(),)).rev
    stub = stubs(documents, "a")[0]

    edited = edit(documents, "a", first, attachments=(stub,))

    assert edited.error == ""
    assert stubs(documents, "a") == [stub]
    assert content(documents, "a") == SCAN


@pytest.mark.parametrize(
    "stub",
    [
        AttachmentStub("scan.png"),
        AttachmentStub("scan.png", revpos=1),
        AttachmentStub("scan.png", digest=digest(SCAN), revpos=9),
    ],
)
def test_a_stub_may_say_as_little_as_its_name(
    documents: DocumentStore, stub: AttachmentStub
) -> None:
    first = edit(documents, "a", attachments=(scan(),)).rev

    assert edit(documents, "a", first, attachments=(stub,)).error == ""
    assert content(documents, "a") == SCAN


@pytest.mark.parametrize(
    "stub",
    [
        AttachmentStub("other.png"),
        AttachmentStub("scan.png", revpos=2),
        AttachmentStub("scan.png", digest="md5-AAAAAAAAAAAAAAAAAAAAAA=="),
    ],
)
def test_a_stub_of_nothing_stored_is_refused(
    documents: DocumentStore, stub: AttachmentStub
) -> None:
    first = edit(documents, "a", attachments=(scan(),)).rev

    edited = edit(documents, "a", first, attachments=(stub,))
    given = documents.write(
        NAME, [revision("new", "2-b 1-a", attachments=(stub,))], new_edits=False
    )[0]

    assert edited.error == given.error == "missing_stub"
    assert documents.read(NAME, "new") is None
    assert stubs(documents, "a")[0].digest == digest(SCAN)


def test_an_attachment_of_another_document_cannot_be_had_by_its_digest(
    documents: DocumentStore,
) -> None:
    edit(documents, "a", attachments=(scan(),))
    stub = stubs(documents, "a")[0]

    assert edit(documents, "b", attachments=(stub,)).error == "missing_stub"


def test_a_given_stub_finds_the_attachment_on_another_branch(documents: DocumentStore) -> None:
    give(documents, revision("a", "2-b 1-a", attachments=(scan(revpos=1),)))

    give(documents, revision("a", "2-c 1-a", attachments=(stubs(documents, "a")[0],)))

    assert content(documents, "a", rev="2-c") == SCAN


def test_the_generation_that_brought_it_is_kept_as_given(documents: DocumentStore) -> None:
    names = ("early", "now", "never")
    brought = tuple(
        scan(NOTE, name, revpos=revpos) for name, revpos in zip(names, (2, 0, 9), strict=True)
    )

    give(documents, revision("a", "3-c 2-b 1-a", attachments=brought))

    assert [stub.revpos for stub in stubs(documents, "a")] == [2, 3, 3]


def test_each_revision_has_its_own_attachments(documents: DocumentStore) -> None:
    first = edit(documents, "a", attachments=(scan(),)).rev
    second = edit(documents, "a", first, attachments=(scan(NOTE),)).rev
    edit(documents, "a", second)

    assert documents.attachment(NAME, "a", None, "scan.png") is None
    assert content(documents, "a", rev=first) == SCAN
    assert content(documents, "a", rev=second) == NOTE
    assert documents.attachment(NAME, "a", first, "other") is None
    assert documents.attachment(NAME, "a", "9-z", "scan.png") is None
    assert documents.attachment(NAME, "none", None, "scan.png") is None


def test_the_attachment_of_a_tombstone_is_found_by_its_revision_alone(
    documents: DocumentStore,
) -> None:
    first = edit(documents, "a").rev
    gone = edit(documents, "a", first, deleted=True, attachments=(scan(NOTE),)).rev

    assert documents.attachment(NAME, "a", None, "scan.png") is None
    assert content(documents, "a", rev=gone) == NOTE


def test_compressed_bytes_are_kept_as_they_came(documents: DocumentStore) -> None:
    squeezed = scan(NOTE, encoding="gzip", length=900, digest=digest(NOTE))

    edit(documents, "a", attachments=(squeezed,))

    stub = stubs(documents, "a")[0]
    assert (stub.encoding, stub.length, stub.encoded_length) == ("gzip", 900, 6)
    assert content(documents, "a") == NOTE


def test_an_attachment_that_is_not_what_its_digest_says_is_refused(
    documents: DocumentStore,
) -> None:
    result = edit(documents, "a", attachments=(scan(digest=digest(NOTE)),))

    assert result.error == "content_md5_mismatch"
    assert documents.read(NAME, "a") is None


def test_what_is_attached_counts_for_the_revision(documents: DocumentStore) -> None:
    revs = {
        edit(documents, f"d{number}", attachments=attachments).rev
        for number, attachments in enumerate(((), (scan(),), (scan(NOTE),), (scan(SCAN, "b"),)))
    }

    assert len(revs) == 4


def test_staged_bytes_become_an_attachment(documents: DocumentStore) -> None:
    pieces = [SCAN[:100], b"", SCAN[100:500_000], SCAN[500_000:]]

    with documents.stage(pieces) as blob:
        result = edit(documents, "a", attachments=(scan(blob),))

    assert result.error == ""
    assert (blob.length, blob.digest) == (len(SCAN), digest(SCAN))
    assert blob.sha256 == hashlib.sha256(SCAN).digest()
    assert content(documents, "a") == SCAN


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 2 * 1024 * 1024 + 5])
def test_staged_bytes_of_any_size_come_back(documents: DocumentStore, size: int) -> None:
    data = (SCAN * 3)[:size]

    with documents.stage(
        data[place : place + 70_000] for place in range(0, size, 70_000)
    ) as blob:
        edit(documents, "a", attachments=(scan(blob),))

    assert content(documents, "a") == data


def test_staged_bytes_that_nothing_names_are_gone_when_the_block_ends(
    documents: DocumentStore,
) -> None:
    with documents.stage([SCAN]) as blob:
        pass

    assert edit(documents, "a", attachments=(scan(blob),)).error == "missing_stub"


def test_the_same_bytes_staged_twice_last_until_both_blocks_end(
    documents: DocumentStore,
) -> None:
    with documents.stage([SCAN]) as blob:
        with documents.stage([SCAN]):
            pass
        result = edit(documents, "a", attachments=(scan(blob),))

    assert result.error == ""
    assert content(documents, "a") == SCAN


def test_compaction_leaves_what_is_staged_alone(documents: DocumentStore) -> None:
    first = edit(documents, "a", attachments=(scan(),)).rev
    edit(documents, "a", first)

    with documents.stage([SCAN]) as blob:
        documents.compact(NAME)
        result = edit(documents, "b", attachments=(scan(blob),))

    assert result.error == ""
    assert content(documents, "b") == SCAN


def test_a_stream_that_breaks_off_leaves_nothing(documents: DocumentStore) -> None:
    def broken() -> Iterator[bytes]:
        yield SCAN * 2
        raise ConnectionError("the client went away")

    with pytest.raises(ConnectionError), documents.stage(broken()):
        pass

    assert edit(documents, "a", attachments=(scan(),)).error == ""


def test_staging_too_much_is_refused(documents: DocumentStore) -> None:
    endless = (bytes(1_000_000) for _ in range(10**9))

    with pytest.raises(DocumentRefusedError) as caught, documents.stage(endless):
        pass

    assert caught.value.code == "attachment_too_large"
    with documents.stage([bytes(SMALL.attachment_bytes)]) as blob:
        assert blob.length == SMALL.attachment_bytes


def test_compaction_drops_old_attachments_and_keeps_those_in_use(
    documents: DocumentStore,
) -> None:
    old = edit(documents, "a", attachments=(scan(), scan(NOTE, "note"))).rev
    stub = stubs(documents, "a")[1]
    edit(documents, "a", old, attachments=(stub,))

    documents.compact(NAME)

    assert documents.attachment(NAME, "a", old, "scan.png") is None
    assert content(documents, "a", "note") == NOTE


def test_purging_one_of_two_that_share_bytes_keeps_them(documents: DocumentStore) -> None:
    give(
        documents,
        revision("a", "1-a", attachments=(scan(),)),
        revision("b", "1-b", attachments=(scan(),)),
    )

    documents.purge(NAME, {"a": ["1-a"]})

    assert content(documents, "b") == SCAN
    assert documents.attachment(NAME, "a", None, "scan.png") is None


@pytest.mark.parametrize(
    ("attachments", "error", "line"),
    [
        ((scan(name="_x"),), "bad_request", "Attachment name '_x' starts with prohibited"),
        ((scan(name=""),), "bad_request", "Attachment name ''"),
        ((scan(name="\ud800"),), "bad_request", "Attachment name"),
        ((scan(), scan()), "bad_request", "twice"),
        (tuple(scan(NOTE, str(n)) for n in range(5)), "bad_request", "5 attachments"),
        ((Attachment("a", "text/html\r\nX-Evil: 1", NOTE),), "bad_request", "no type"),
        ((scan(NOTE, encoding="br"),), "bad_request", "encoding is unknown"),
        ((scan(NOTE, revpos=-1),), "bad_request", "revpos"),
        ((scan(bytes(3 * 1024 * 1024 + 1)),), "attachment_too_large", "exceeds"),
    ],
)
def test_a_bad_attachment_is_refused_in_one_line(
    documents: DocumentStore, attachments: tuple[Attachment, ...], error: str, line: str
) -> None:
    result = edit(documents, "a", attachments=attachments)

    assert (result.rev, result.error) == ("", error)
    assert line in result.reason
    assert "\n" not in result.reason
    assert documents.read(NAME, "a") is None
