"""Past every bound of a served store: refused at once, in CouchDB's words; nothing breaks."""

import base64
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.couch_http import leaf
from tests.support.couch_peers import ask, serving, wait_until

OPTIONS = (
    *("--document-bytes-max", "2000"),
    *("--attachment-bytes-max", "5000"),
    *("--body-bytes-max", "50000"),
    *("--leaves-max", "3"),
)
RESET = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database of a server with low bounds."""
    path = tmp_path_factory.mktemp("bounds") / "store.sqlite"
    with serving(path, *OPTIONS) as url:
        ask("PUT", f"{url}cases")
        yield f"{url}cases"


def error_of(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]


def test_a_document_past_its_bound(cases: str) -> None:
    answer = ask("PUT", f"{cases}/long", {"note": "x" * 2000})

    assert error_of(answer) == (413, "document_too_large")


def test_a_document_past_its_bound_costs_a_batch_that_document_alone(cases: str) -> None:
    docs = [leaf("fits", 1, "a"), leaf("long", 1, "a", note="x" * 2000)]

    status, rows = ask("POST", f"{cases}/_bulk_docs", {"new_edits": False, "docs": docs})

    assert status == 201
    assert [(row["id"], row["error"]) for row in rows] == [("long", "document_too_large")]


def test_an_attachment_past_its_bound_alone_or_inside(cases: str) -> None:
    alone = ask("PUT", f"{cases}/a/x", bytes(5001), {"Content-Type": "image/png"})
    inside = {
        "x": {"content_type": "image/png", "data": base64.b64encode(bytes(5001)).decode()}
    }

    assert error_of(alone) == (413, "too_large")
    assert error_of(ask("PUT", f"{cases}/b", {"_attachments": inside}))[0] == 413


def test_a_body_past_its_bound(cases: str) -> None:
    docs = [{"_id": f"hx-{number}", "note": "x" * 1000} for number in range(60)]

    assert error_of(ask("POST", f"{cases}/_bulk_docs", {"docs": docs})) == (413, "too_large")
    assert ask("GET", f"{cases}/hx-1")[0] == 404


def test_one_conflict_too_many(cases: str) -> None:
    docs = [leaf("many", 1, digit) for digit in "abcd"]

    rows = ask("POST", f"{cases}/_bulk_docs", {"new_edits": False, "docs": docs})[1]

    assert [(row["id"], row["error"]) for row in rows] == [("many", "forbidden")]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_changes?" + "&".join(f"a{n}=1" for n in range(101)), None, 400),
        ("GET", "/x?open_revs=" + "%5B" + "%2C".join(["1"] * 1001) + "%5D", None, 400),
        ("POST", "/_purge", {str(number): [] for number in range(101)}, 400),
        ("POST", "/_revs_diff", {"a": ["1-" + "a" * 32] * 1001}, 400),
        ("PUT", "/_security", {"x": "x" * 49_000}, 200),
        ("PUT", "/" + "x" * 4097, {}, 400),
        ("PUT", "/deep", json.loads("[" * 201 + "]" * 201), 400),
        ("POST", "/_find", {"selector": {"x": {"$regex": "(" * 600}}}, 400),
    ],
)
def test_questions_past_their_bounds(
    cases: str, method: str, path: str, body: object, status: int
) -> None:
    value = {"x": body} if path == "/deep" else body

    assert ask(method, cases + path, value)[0] == status


def test_a_head_past_its_bound_is_refused(cases: str) -> None:
    with _dial(cases) as client:
        client.sendall(b"GET /cases HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000)
        client.sendall(b"\r\n\r\n")

        assert client.recv(100).split()[1] in {b"413", b"431"}


def test_readers_that_take_nothing_hold_up_nobody(tmp_path: Path) -> None:
    with serving(tmp_path / "store.sqlite") as url:
        ask("PUT", f"{url}cases")
        photo = os.urandom(24 << 20)
        ask("PUT", f"{url}cases/a/x", photo, {"Content-Type": "image/png"})
        stalled = [_dial(url) for _ in range(40)]
        for client in stalled:
            client.sendall(b"GET /cases/a/x HTTP/1.1\r\nHost: localhost\r\n\r\n")

        answers: list[int] = []

        def work() -> None:
            answers.append(ask("PUT", f"{url}cases/hx-{len(answers)}", {})[0])

        thread = threading.Thread(target=work)
        thread.start()
        wait_until(lambda: not thread.is_alive(), "an answer beside stalled readers")
        assert answers == [201]
        for client in stalled:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.close()


def _dial(url: str) -> socket.socket:
    host, _, port = url.split("/")[2].partition(":")
    return socket.create_connection((host, int(port)), timeout=30)
