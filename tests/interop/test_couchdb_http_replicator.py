"""The bytes that CouchDB 3.5's own replicator sends, and what it insists on in the answers."""

import base64
import gzip
import hashlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.couch_http import leaf, rev
from tests.support.couch_peers import ask, serving, wait_until

LOGIN = ("--user", "it", "--password", "zhu he")
AGENT = "User-Agent: CouchDB-Replicator/3.5.0"
TEXT = "申请材料齐全".encode() * 3_000
PACKED = gzip.compress(TEXT, mtime=0)
PHOTO = bytes(range(256)) * 500
BASIC = {"Authorization": "Basic " + base64.b64encode(b"it:zhu he").decode()}


class Replicator:
    """One kept connection, on which requests are written as the replicator writes them."""

    def __init__(self, url: str) -> None:
        self.host = url.split("/")[2]
        self._cookie = ""
        self.connect()

    def connect(self) -> None:
        """Dial, also anew where an answer said that the connection ends with it."""
        host, _, port = self.host.partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=20)
        self._stream = self._socket.makefile("rb")

    def sign_in(self) -> int:
        """Get a cookie by a form, as before anything else."""
        form = b"name=it&password=zhu%20he"
        kind = "Content-Type: application/x-www-form-urlencoded"
        status, headers, _ = self.ask("POST /_session", form, kind)
        self._cookie = headers["set-cookie"].partition(";")[0]
        return status

    def send(self, line: str, body: bytes = b"", *headers: str, length: int = -1) -> None:
        """One request; `length` is that of the whole body if only a part of it is sent."""
        sent = [
            f"{line} HTTP/1.1",
            f"Host: {self.host}",
            AGENT,
            *(headers or ("Accept: application/json",)),
            f"Content-Length: {len(body) if length < 0 else length}",
        ]
        if self._cookie:
            sent.append(f"Cookie: {self._cookie}")
        self._socket.sendall("\r\n".join([*sent, "", ""]).encode() + body)

    def ask(
        self, line: str, body: bytes = b"", *headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request and its whole answer."""
        self.send(line, body, *headers)
        status, given = self.head()
        if given.get("transfer-encoding") == "chunked":
            return status, given, b"".join(self.chunks())
        return status, given, self._stream.read(int(given.get("content-length", "0")))

    def json(self, line: str, value: object = None) -> tuple[int, Any]:
        """One request with JSON, as every request but those with attachments."""
        body = b"" if value is None else json.dumps(value).encode()
        kinds = ("Accept: application/json", "Content-Type: application/json")
        status, _, answer = self.ask(line, body, *kinds)
        return status, json.loads(answer)

    def head(self) -> tuple[int, dict[str, str]]:
        status = int(self._stream.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self._stream.readline().strip().decode():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return status, headers

    def chunks(self) -> Iterator[bytes]:
        while size := int(self._stream.readline(), 16):
            yield self._stream.read(size)
            self._stream.readline()
        self._stream.readline()

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "store.sqlite", *LOGIN) as served:
        assert ask("PUT", f"{served}cases", headers=BASIC)[0] == 201
        yield served


@pytest.fixture
def replicator(url: str) -> Iterator[Replicator]:
    made = Replicator(url)
    assert made.sign_in() == 200
    yield made
    made.close()


def parts_of(content_type: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """The parts of a multipart body by the rules of CouchDB's parser.

    It looks for CRLF before each boundary but the first, and wants exactly two dashes to be
    left at the end.
    """
    found = re.search('boundary="([^"]+)"', content_type)
    assert found, content_type
    boundary = found[1].encode()
    assert body.startswith(b"--" + boundary)
    first, *pieces = body[2 + len(boundary) :].split(b"\r\n--" + boundary)
    assert pieces[-1] == b"--"
    parts = []
    for piece in (first, *pieces[:-1]):
        head, _, content = piece.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")[1:]
        pairs = (line.partition(": ") for line in lines)
        parts.append(({name.lower(): value for name, _, value in pairs}, content))
    return parts


def multipart(boundary: str, document: object, *contents: bytes) -> bytes:
    """A document and its attachments as the replicator streams them to a target."""
    opening = f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode()
    pieces = [opening + json.dumps(document).encode()]
    for number, content in enumerate(contents):
        named = f'Content-Disposition: attachment; filename="{number}"\r\n'
        kind = f"Content-Type: text/plain\r\nContent-Length: {len(content)}\r\n\r\n"
        pieces.append((named + kind).encode() + content)
    return f"\r\n--{boundary}\r\n".encode().join(pieces) + f"\r\n--{boundary}--".encode()


def with_attachments() -> dict[str, object]:
    """A leaf with an attachment that was stored packed and one that was not."""
    return leaf(
        "photo",
        2,
        "b",
        "a",
        _attachments={
            "0": {
                "content_type": "text/plain",
                "revpos": 1,
                "digest": digest(PACKED),
                "length": len(TEXT),
                "follows": True,
                "encoding": "gzip",
                "encoded_length": len(PACKED),
            },
            "1": {
                "content_type": "image/png",
                "revpos": 2,
                "digest": digest(PHOTO),
                "length": len(PHOTO),
                "follows": True,
            },
        },
    )


def digest(content: bytes) -> str:
    md5 = hashlib.md5(content, usedforsecurity=False).digest()
    return "md5-" + base64.b64encode(md5).decode()


def put_photo(replicator: Replicator) -> None:
    body = multipart("7b0e", with_attachments(), PACKED, PHOTO)
    kind = 'Content-Type: multipart/related; boundary="7b0e"'
    status, _, answer = replicator.ask("PUT /cases/photo?new_edits=false", body, kind)
    assert (status, json.loads(answer)["rev"]) == (201, rev(2, "b"))


def test_a_whole_replication_into_the_store(replicator: Replicator) -> None:
    status, database = replicator.json("GET /cases/")
    assert status == 200
    assert isinstance(database["instance_start_time"], str)
    assert replicator.json("GET /cases/_local/9e2c") == (
        404,
        {"error": "not_found", "reason": "missing"},
    )

    asked = {"hx-1": [rev(2, "b")], "photo": [rev(2, "b")], "_design/x": [rev(1, "d")]}
    assert replicator.json("POST /cases/_revs_diff", asked)[1] == {
        name: {"missing": revs} for name, revs in asked.items()
    }
    body = {"new_edits": False, "docs": [leaf("hx-1", 2, "b", "a"), leaf("hx-1", 2, "c", "a")]}
    assert replicator.json("POST /cases/_bulk_docs", body) == (201, [])
    put_photo(replicator)
    design = leaf("_design/x", 1, "d", validate_doc_update="function () { throw 1; }")
    assert replicator.json("PUT /cases/_design/x?new_edits=false", design)[0] == 201

    status, committed = replicator.json("POST /cases/_ensure_full_commit")
    assert (status, committed["instance_start_time"]) == (201, database["instance_start_time"])
    checkpoint = {"session_id": "5f", "source_last_seq": "4-g1AAA", "history": []}
    assert replicator.json("PUT /cases/_local/9e2c", checkpoint)[1]["rev"] == "0-1"
    assert replicator.json("POST /cases/_revs_diff", asked)[1] == {}


def test_a_whole_replication_out_of_the_store(replicator: Replicator) -> None:
    docs = [leaf("hx-1", 2, "b", "a"), leaf("hx-1", 2, "c", "a"), leaf("gone", 1, "e")]
    docs[2]["_deleted"] = True
    replicator.json("POST /cases/_bulk_docs", {"new_edits": False, "docs": docs})
    put_photo(replicator)

    replicator.send("GET /cases/_changes?feed=continuous&style=all_docs&since=0&timeout=1000")
    assert replicator.head()[0] == 200
    lines = b"".join(replicator.chunks()).splitlines()
    replicator.close()
    replicator.connect()
    rows = [json.loads(line) for line in lines if line]
    end = rows.pop()
    assert (end["last_seq"], end["pending"]) == (rows[-1]["seq"], 0)
    assert [(row["id"], len(row["changes"]), row.get("deleted")) for row in rows] == [
        ("hx-1", 2, None),
        ("gone", 1, True),
        ("photo", 1, None),
    ]

    wanted = [{"id": "hx-1", "rev": rev(2, "c"), "atts_since": []}]
    wanted += [{"id": "photo", "rev": rev(2, "b"), "atts_since": [rev(1, "f")]}]
    options = {"latest": True, "revs": True, "attachments": False}
    line = "POST /cases/_bulk_get?latest=true&revs=true&attachments=false"
    status, answer = replicator.json(line, {"docs": wanted, **options})
    assert (status, list(answer)) == (200, ["results"])
    assert [(one["id"], len(one["docs"])) for one in answer["results"]] == [
        ("hx-1", 1),
        ("photo", 1),
    ]
    first = answer["results"][0]["docs"][0]["ok"]
    assert first["_revisions"] == {"start": 2, "ids": ["c" * 32, "a" * 32]}
    # The replicator drops what has attachments, so their bytes would be sent for nothing.
    assert answer["results"][1]["docs"][0]["ok"]["_attachments"]["1"]["stub"] is True
    line = f"GET /cases/_changes?since={rows[0]['seq']}&limit=0"
    assert replicator.json(line)[1]["pending"] == 2


def test_documents_with_attachments_come_as_the_replicator_reads_them(
    replicator: Replicator,
) -> None:
    put_photo(replicator)
    revs = quote(json.dumps([rev(2, "b"), rev(9, "f")]))
    line = f"GET /cases/photo?revs=true&open_revs={revs}&latest=true"

    status, headers, body = replicator.ask(line, b"", "Accept: multipart/mixed")

    assert status == 200
    found, missing = parts_of(headers["content-type"], body)
    assert missing[0]["content-type"] == 'application/json; error="true"'
    assert json.loads(missing[1]) == {"missing": rev(9, "f")}
    document, text, photo = parts_of(found[0]["content-type"], found[1])
    attachments = json.loads(document[1])["_attachments"]
    assert list(attachments) == ["0", "1"]
    assert attachments["0"]["follows"] is True
    assert (attachments["0"]["encoding"], attachments["0"]["encoded_length"]) == (
        "gzip",
        len(PACKED),
    )
    assert (text[1], text[0]["content-encoding"]) == (PACKED, "gzip")
    assert (photo[1], photo[0]["content-length"]) == (PHOTO, str(len(PHOTO)))


def test_only_newer_attachments_come_to_a_target_that_has_an_ancestor(
    replicator: Replicator,
) -> None:
    put_photo(replicator)
    revs, since = quote(json.dumps([rev(2, "b")])), quote(json.dumps([rev(1, "a")]))
    line = f"GET /cases/photo?revs=true&open_revs={revs}&latest=true&atts_since={since}"

    _, headers, body = replicator.ask(line, b"", "Accept: multipart/mixed")

    ((kind, content),) = parts_of(headers["content-type"], body)
    document, photo = parts_of(kind["content-type"], content)
    assert json.loads(document[1])["_attachments"]["0"]["stub"] is True
    assert photo[1] == PHOTO


def test_a_document_that_is_cut_off_leaves_nothing_and_comes_whole_the_next_time(
    url: str, replicator: Replicator
) -> None:
    body = multipart("7b0e", with_attachments(), PACKED, PHOTO)
    kind = 'Content-Type: multipart/related; boundary="7b0e"'
    cut = Replicator(url)
    cut.sign_in()
    half = body[: len(body) // 2]
    cut.send("PUT /cases/photo?new_edits=false", half, kind, length=len(body))
    cut.close()

    def is_absent() -> bool:
        return replicator.json("GET /cases/photo")[0] == 404

    wait_until(is_absent, "the server to drop the half document")
    put_photo(replicator)
    assert replicator.json("GET /cases/")[1]["doc_count"] == 1


def test_a_stub_of_what_the_target_lacks_is_told_so_that_all_is_sent(
    replicator: Replicator,
) -> None:
    stub = {"stub": True, "revpos": 1, "digest": digest(PHOTO), "length": len(PHOTO)}
    document = leaf("photo", 2, "b", "a", _attachments={"1": stub})

    body = multipart("7b0e", document)
    kind = 'Content-Type: multipart/related; boundary="7b0e"'
    status, _, answer = replicator.ask("PUT /cases/photo?new_edits=false", body, kind)

    assert (status, json.loads(answer)["error"]) == (412, "missing_stub")


def test_ids_of_4096_characters_travel_both_ways(replicator: Replicator) -> None:
    name = "驿" * 4096
    body = {"new_edits": False, "docs": [leaf(name, 1, "a"), leaf(name + "x", 1, "a")]}

    status, rows = replicator.json("POST /cases/_bulk_docs", body)

    assert status == 201
    assert [(row["id"][-1], row["error"]) for row in rows] == [("x", "illegal_docid")]
    assert replicator.json(f"GET /cases/{quote(name)}?revs=true")[1]["_id"] == name


def test_what_the_replicator_leaves_in_documents_is_stored(replicator: Replicator) -> None:
    left: dict[str, object] = {
        "_replication_id": "9e2c",
        "_replication_state": "completed",
        "_replication_state_time": "2026-11-23T01:05:00Z",
        "_replication_state_reason": None,
        "_replication_stats": {"docs_read": 7},
    }
    body = {"new_edits": False, "docs": [leaf("job", 1, "a", source="x", **left)]}

    assert replicator.json("POST /cases/_bulk_docs", body) == (201, [])
    stored = replicator.json("GET /cases/job")[1]
    assert {name: stored[name] for name in left} == left


@pytest.mark.parametrize(
    ("line", "status", "error"),
    [
        ("POST /_replicate", 501, "not_implemented"),
        ("GET /_scheduler/jobs", 501, "not_implemented"),
        ("GET /_node/_local/_config", 501, "not_implemented"),
        ("GET /cases/_purged_infos", 501, "not_implemented"),
        ("PUT /cases/_purged_infos_limit", 501, "not_implemented"),
        ("POST /cases/_compact/none", 404, "not_found"),
        ("GET /cases/_design/x/_view/y", 501, "not_implemented"),
    ],
)
def test_what_this_server_does_not_do_is_said_clearly(
    replicator: Replicator, line: str, status: int, error: str
) -> None:
    answer = replicator.json(line, 100)

    assert (answer[0], answer[1]["error"]) == (status, error)


def test_all_databases_are_described_at_once(replicator: Replicator) -> None:
    ((row,),) = (replicator.json("GET /_dbs_info")[1],)

    assert (row["key"], row["info"]["db_name"]) == ("cases", "cases")
