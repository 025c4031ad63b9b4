import gzip
import http.client
import json
import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sync.couchdb_http.limits import ServingLimits
from sync.couchdb_http.serving import ServedStore, ServingSettings
from sync.couchdb_http.sessions import Login
from sync.stores.sqlite import SqliteStore
from sync.wallclock import WallClock
from tests.support.couch_http import leaf
from tests.support.couch_peers import ask, wait_until

JSON = {"Content-Type": "application/json"}
PHOTO = random.Random(8).randbytes(20 << 20)


@dataclass
class Served:
    """A store on a port of this process, with the empty database `cases`."""

    port: int
    store: SqliteStore

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def dial(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    settings = getattr(request, "param", ServingSettings())
    random_bytes = random.Random(4).randbytes
    store = SqliteStore.open(tmp_path / "store.sqlite", random_bytes)
    store.create_database("cases")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = ServedStore(store, listening, settings, WallClock(), random_bytes)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield Served(server.port, store)
        server.close()
        thread.join(timeout=20)
        assert not thread.is_alive()
    store.close()


FEW_FEEDS = ServingSettings(limits=ServingLimits(feeds=1, workers=2))
SMALL = ServingSettings(limits=ServingLimits(json_bytes=100_000))
GUARDED = ServingSettings(login=Login("it", "zhu-he"))


def test_a_row_of_a_feed_arrives_when_it_is_written(served: Served) -> None:
    connection = served.connect()
    connection.request("GET", "/cases/_changes?feed=continuous&heartbeat=60000")
    answer = connection.getresponse()
    assert answer.readline() == b"\n"

    for name in ("hx-1", "hx-2"):
        ask("PUT", f"{served.url}cases/{name}", {})
        assert json.loads(answer.readline())["id"] == name
    connection.close()


def test_heartbeats_arrive_while_nothing_happens(served: Served) -> None:
    connection = served.connect()
    connection.request("GET", "/cases/_changes?feed=continuous&heartbeat=100")
    answer = connection.getresponse()

    assert [answer.readline() for _ in range(4)] == [b"\n"] * 4
    connection.close()


def test_a_longpoll_ends_when_something_is_written(served: Served) -> None:
    connection = served.connect()
    connection.request("GET", "/cases/_changes?feed=longpoll&since=now&heartbeat=60000")
    answer = connection.getresponse()
    assert answer.readline() == b'{"results":[\n'

    ask("PUT", f"{served.url}cases/hx-1", {})

    assert b'"id":"hx-1"' in answer.read()
    connection.close()


@pytest.mark.parametrize("served", [FEW_FEEDS], indirect=True)
def test_the_feed_of_a_client_that_hung_up_makes_room(served: Served) -> None:
    target = "/cases/_changes?feed=continuous&heartbeat=60000"
    first = served.connect()
    first.request("GET", target)
    assert first.getresponse().readline() == b"\n"
    assert ask("GET", f"{served.url}{target.lstrip('/')}")[0] == 429

    first.close()

    def has_room() -> bool:
        second = served.connect()
        second.request("GET", target)
        status = second.getresponse().status
        second.close()
        return status == 200

    wait_until(has_room, "the seat of the first feed", seconds=15)


def test_a_kept_connection_serves_many_requests(served: Served) -> None:
    connection = served.connect()
    for number in range(20):
        connection.request("PUT", f"/cases/hx-{number}", b"{}", JSON)
        assert connection.getresponse().read().startswith(b'{"ok":true')
    used = connection.sock

    connection.request("GET", "/cases/_all_docs")
    assert json.load(connection.getresponse())["total_rows"] == 20
    assert connection.sock is used
    connection.close()


@pytest.mark.parametrize("served", [SMALL], indirect=True)
def test_a_body_that_is_too_large_is_refused_and_the_connection_goes_on(
    served: Served,
) -> None:
    connection = served.connect()
    connection.request("POST", "/cases/_bulk_docs", b"x" * 5_000_000, JSON)
    answer = connection.getresponse()

    assert (answer.status, json.load(answer)["error"]) == (413, "too_large")
    connection.request("GET", "/cases")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("served", [SMALL], indirect=True)
def test_a_client_that_asks_first_need_not_send_a_body_that_is_too_large(
    served: Served,
) -> None:
    with served.dial() as client:
        client.sendall(
            b"POST /cases/_bulk_docs HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
            b"Content-Type: application/json\r\nContent-Length: 5000000\r\n\r\n"
        )

        assert client.recv(12) == b"HTTP/1.1 413"


@pytest.mark.parametrize("served", [SMALL], indirect=True)
def test_a_body_of_unknown_length_is_cut_off_when_it_is_too_large(served: Served) -> None:
    connection = served.connect()
    pieces = (b"x" * 10_000 for _ in range(11))
    connection.request("POST", "/cases/_bulk_docs", pieces, JSON, encode_chunked=True)

    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("served", [SMALL], indirect=True)
def test_a_body_that_swells_is_refused(served: Served) -> None:
    packed = gzip.compress(b" " * 10_000_000)
    headers = {**JSON, "Content-Encoding": "gzip"}

    assert ask("POST", f"{served.url}cases/_bulk_docs", packed, headers)[0] == 413


@pytest.mark.parametrize("served", [GUARDED], indirect=True)
def test_who_is_not_signed_in_can_fill_nothing(served: Served) -> None:
    connection = served.connect()
    connection.request("PUT", "/cases/hx-1/photo.png", PHOTO[: 5 << 20])

    assert connection.getresponse().status == 401
    assert served.store.read("cases", "hx-1") is None
    connection.close()


def test_a_document_of_the_largest_size_passes_and_a_larger_one_does_not(
    served: Served,
) -> None:
    largest = served.store.limits.document_bytes
    fits = {"note": "x" * (largest - 100)}
    too_large = {"note": "x" * (largest + 100)}

    assert ask("PUT", f"{served.url}cases/fits", fits)[0] == 201
    status, body = ask("PUT", f"{served.url}cases/large", too_large)
    assert (status, body["error"]) == (413, "document_too_large")


def test_a_large_attachment_goes_in_and_out_whole(served: Served) -> None:
    connection = served.connect()
    connection.request("PUT", "/cases/hx-1/photo.png", PHOTO)
    assert connection.getresponse().read().startswith(b'{"ok":true')

    connection.request("GET", "/cases/hx-1/photo.png")
    assert connection.getresponse().read() == PHOTO
    connection.request("GET", "/cases/hx-1?attachments=true")
    assert PHOTO in connection.getresponse().read()
    connection.close()


def test_a_large_attachment_travels_as_replicators_send_it(served: Served) -> None:
    follows = {"follows": True, "length": len(PHOTO), "content_type": "image/png"}
    document = leaf("hx-1", 1, "a", _attachments={"photo.png": follows})
    body = (
        b"--edge\r\nContent-Type: application/json\r\n\r\n"
        + json.dumps(document).encode()
        + b'\r\n--edge\r\nContent-Disposition: attachment; filename="photo.png"\r\n\r\n'
        + PHOTO
        + b"\r\n--edge--"
    )
    headers = {"Content-Type": 'multipart/related; boundary="edge"'}

    assert ask("PUT", f"{served.url}cases/hx-1?new_edits=false", body, headers)[0] == 201

    connection = served.connect()
    connection.request("GET", "/cases/hx-1/photo.png", headers={"Range": "bytes=100-199"})
    assert connection.getresponse().read() == PHOTO[100:200]
    connection.close()


@pytest.mark.parametrize("served", [FEW_FEEDS], indirect=True)
def test_clients_that_trickle_hold_up_nobody(served: Served) -> None:
    heads = b"POST /cases/_bulk_docs HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    trickling = [served.dial() for _ in range(50)]
    for number, client in enumerate(trickling):
        client.sendall(heads)
        if number % 2:
            client.sendall(b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")

    assert ask("PUT", f"{served.url}cases/hx-1", {})[0] == 201
    for client in trickling:
        client.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /cases HTTP/1.1\r\nTransfer-Encoding: pigeon\r\n\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_an_error_in_json(served: Served, sent: bytes) -> None:
    with served.dial() as client:
        client.sendall(sent)
        answer = http.client.HTTPResponse(client)
        answer.begin()

        assert 400 <= answer.status < 600
        assert set(json.loads(answer.read())) == {"error", "reason"}


def test_a_server_stops_while_feeds_are_open(served: Served) -> None:
    connection = served.connect()
    connection.request("GET", "/cases/_changes?feed=continuous&heartbeat=60000")

    assert connection.getresponse().readline() == b"\n"
