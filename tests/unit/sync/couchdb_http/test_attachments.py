import base64
import gzip
import hashlib
import json

import pytest

from tests.support.couch_http import Couch, leaf, rev

PHOTO = bytes(range(256)) * 40


def digest(content: bytes) -> str:
    return "md5-" + base64.b64encode(hashlib.md5(content).digest()).decode()  # noqa: S324


@pytest.fixture
def photo(couch: Couch) -> str:
    """A document `hx-1` with an attachment; gives its revision."""
    headers = {"Content-Type": "image/png"}
    answer = couch.ask("PUT", "/cases/hx-1/a/photo.png", PHOTO, headers)
    assert answer.status == 201
    return str(answer.json["rev"])


@pytest.mark.usefixtures("photo")
def test_an_attachment_comes_back_with_its_type_and_digest(couch: Couch) -> None:
    answer = couch.get("/cases/hx-1/a/photo.png")

    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["ETag"] == f'"{digest(PHOTO).removeprefix("md5-")}"'
    assert answer.body == PHOTO


@pytest.mark.usefixtures("photo")
def test_a_document_names_its_attachments(couch: Couch) -> None:
    assert couch.get("/cases/hx-1").json["_attachments"] == {
        "a/photo.png": {
            "content_type": "image/png",
            "revpos": 1,
            "digest": digest(PHOTO),
            "length": len(PHOTO),
            "stub": True,
        }
    }


def test_another_attachment_needs_the_revision(couch: Couch, photo: str) -> None:
    assert couch.put("/cases/hx-1/b", b"x").status == 409
    assert couch.put(f"/cases/hx-1/b?rev={photo}", b"x").status == 201

    assert set(couch.get("/cases/hx-1").json["_attachments"]) == {"a/photo.png", "b"}


def test_a_stub_keeps_what_is_there(couch: Couch, photo: str) -> None:
    stub = {"a/photo.png": {"stub": True, "revpos": 1}}

    kept = couch.put("/cases/hx-1", {"_rev": photo, "_attachments": stub}).json["rev"]

    assert couch.get("/cases/hx-1/a/photo.png").body == PHOTO
    assert couch.put("/cases/hx-1", {"_rev": kept}).status == 201
    assert couch.get("/cases/hx-1/a/photo.png").status == 404


def test_a_removed_attachment_is_missing(couch: Couch, photo: str) -> None:
    assert couch.delete("/cases/hx-1/a/photo.png").status == 409
    assert couch.delete(f"/cases/hx-1/none?rev={photo}").status == 404
    assert couch.delete(f"/cases/hx-1/a/photo.png?rev={photo}").status == 200

    answer = couch.get("/cases/hx-1/a/photo.png")
    assert (answer.status, answer.json["reason"]) == (404, "Document is missing attachment")


@pytest.mark.usefixtures("photo")
@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-9", PHOTO[:10]),
        ("bytes=10-", PHOTO[10:]),
        ("bytes=-10", PHOTO[-10:]),
        ("bytes=10230-99999", PHOTO[10230:]),
    ],
)
def test_a_range_of_an_attachment_can_be_read(couch: Couch, asked: str, given: bytes) -> None:
    answer = couch.get("/cases/hx-1/a/photo.png", Range=asked)

    assert (answer.status, answer.body) == (206, given)
    assert answer.headers["Content-Range"].endswith(f"/{len(PHOTO)}")


@pytest.mark.usefixtures("photo")
def test_several_ranges_come_in_parts(couch: Couch) -> None:
    answer = couch.get("/cases/hx-1/a/photo.png", Range="bytes=0-1,4-5")

    assert answer.status == 206
    assert b"Content-Range: bytes 4-5/10240\r\n\r\n\x04\x05\r\n--" in answer.body


@pytest.mark.usefixtures("photo")
def test_a_range_outside_is_refused_and_nonsense_gets_the_whole(couch: Couch) -> None:
    assert couch.get("/cases/hx-1/a/photo.png", Range="bytes=99999-").status == 416
    assert couch.get("/cases/hx-1/a/photo.png", Range="bytes=x").body == PHOTO


def test_an_attachment_that_came_packed_is_unpacked_for_who_needs_it(couch: Couch) -> None:
    text = "办件材料 ".encode() * 500
    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    couch.ask("PUT", "/cases/hx-1/list.txt", gzip.compress(text), headers)

    plain = couch.get("/cases/hx-1/list.txt")
    packed = couch.get("/cases/hx-1/list.txt", **{"Accept-Encoding": "gzip"})

    assert plain.body == text
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == text


def test_a_document_and_its_attachments_can_come_together_and_go_together(
    couch: Couch, photo: str
) -> None:
    couch.put(f"/cases/hx-1/b.txt?rev={photo}", b"hello")
    answer = couch.ask("GET", "/cases/hx-1?attachments=true&revs=true", None, {})
    kind = answer.headers["Content-Type"]
    body = answer.body
    assert len(body) == int(answer.headers["Content-Length"])

    copied = couch.ask("PUT", "/cases/hx-2?new_edits=false", body, {"Content-Type": kind})

    assert copied.status == 201
    assert couch.get("/cases/hx-2/a/photo.png").body == PHOTO
    assert couch.get("/cases/hx-2/b.txt").body == b"hello"
    assert couch.get("/cases/hx-2").json["_rev"] == couch.get("/cases/hx-1").json["_rev"]


def test_attachments_that_a_peer_has_already_are_only_named(couch: Couch, photo: str) -> None:
    second = couch.put(f"/cases/hx-1/b.txt?rev={photo}", b"hello").json["rev"]

    answer = couch.ask(
        "GET",
        f'/cases/hx-1?open_revs=["{second}"]&revs=true&atts_since=["{photo}"]',
        None,
        {"Accept": "multipart/mixed"},
    )

    body = answer.body
    assert b"hello" in body
    assert PHOTO not in body
    assert b'"stub":true' in body


def multipart(document: object, *attachments: bytes) -> tuple[bytes, dict[str, str]]:
    pieces = [b"Content-Type: application/json\r\n\r\n" + json.dumps(document).encode()]
    pieces += [b"\r\n" + content for content in attachments]
    body = b"".join(b"--edge\r\n" + piece + b"\r\n" for piece in pieces) + b"--edge--"
    return body, {"Content-Type": 'multipart/related; boundary="edge"'}


def follows(content: bytes, **more: object) -> dict[str, object]:
    return {"follows": True, "length": len(content), "content_type": "image/png", **more}


def test_attachments_without_names_follow_in_order(couch: Couch) -> None:
    document = leaf("hx-1", 1, "a", _attachments={"x": follows(b"1"), "y": follows(b"22")})

    answer = couch.ask("PUT", "/cases/hx-1?new_edits=false", *multipart(document, b"1", b"22"))

    assert answer.json["rev"] == rev(1, "a")
    assert couch.get("/cases/hx-1/y").body == b"22"


@pytest.mark.parametrize(
    ("entry", "contents"),
    [
        (follows(b"12"), [b"1"]),
        (follows(b"1"), []),
        (follows(b"1"), [b"1", b"2"]),
        (follows(b"1", digest=digest(b"2")), [b"1"]),
    ],
)
def test_an_attachment_that_is_not_what_was_announced_stores_nothing(
    couch: Couch, entry: dict[str, object], contents: list[bytes]
) -> None:
    document = leaf("hx-1", 1, "a", _attachments={"x": entry})

    answer = couch.ask("PUT", "/cases/hx-1?new_edits=false", *multipart(document, *contents))

    assert answer.status == 400
    assert couch.get("/cases/hx-1").status == 404


def test_a_name_with_an_underscore_is_refused_in_the_words_that_replicators_know(
    couch: Couch,
) -> None:
    answer = couch.put("/cases/hx-1/_x", b"1")

    assert answer.status == 400
    assert answer.json["reason"].startswith("Attachment name")
