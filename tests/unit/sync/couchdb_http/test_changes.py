import json
from collections.abc import Iterator

import pytest

from sync.couchdb_http.changes import TIMEOUT_MS_MAX
from sync.couchdb_http.feeds import FILTERED_S_MAX, FILTERING_HEARTBEAT_S, PAGE
from sync.couchdb_http.limits import ServingLimits
from tests.support.couch_http import Couch, leaf, rev


@pytest.fixture
def filled(couch: Couch) -> Couch:
    """Three documents: `a` in two revisions, `b` with a conflict, `c` deleted."""
    docs = [
        leaf("a", 2, "b", "a", days=1),
        leaf("b", 1, "a", days=2),
        leaf("b", 1, "b", days=3),
        leaf("c", 2, "c", "a", _deleted=True),
    ]
    couch.post("/cases/_bulk_docs", {"new_edits": False, "docs": docs})
    return couch


def changed(couch: Couch, target: str) -> list[str]:
    return [row["id"] for row in couch.get(target).json["results"]]


def test_a_feed_has_one_row_a_document_with_the_winner(filled: Couch) -> None:
    feed = filled.get("/cases/_changes").json

    assert [(row["id"], row["changes"], row.get("deleted")) for row in feed["results"]] == [
        ("a", [{"rev": rev(2, "b")}], None),
        ("b", [{"rev": rev(1, "b")}], None),
        ("c", [{"rev": rev(2, "c")}], True),
    ]
    assert (feed["last_seq"], feed["pending"]) == (feed["results"][-1]["seq"], 0)


def test_all_leaves_are_listed_when_asked_for(filled: Couch) -> None:
    rows = filled.get("/cases/_changes?style=all_docs").json["results"]

    assert rows[1]["changes"] == [{"rev": rev(1, "b")}, {"rev": rev(1, "a")}]


def test_a_feed_can_be_read_in_pages(filled: Couch) -> None:
    first = filled.get("/cases/_changes?limit=2").json
    second = filled.get(f"/cases/_changes?limit=2&since={first['last_seq']}").json

    assert [row["id"] for row in first["results"] + second["results"]] == ["a", "b", "c"]
    assert (first["pending"], second["pending"]) == (1, 0)


def test_progress_can_be_asked_for_alone(filled: Couch) -> None:
    feed = filled.get("/cases/_changes?limit=0").json

    assert (feed["results"], feed["last_seq"], feed["pending"]) == ([], 0, 3)


@pytest.mark.parametrize("since", ["now", "99", '"99"', "99-g1AAAB"])
def test_a_feed_after_the_end_is_empty(filled: Couch, since: str) -> None:
    assert changed(filled, f"/cases/_changes?since={since}") == []


def test_a_feed_can_be_read_backwards(filled: Couch) -> None:
    assert changed(filled, "/cases/_changes?descending=true") == ["c", "b", "a"]
    assert changed(filled, "/cases/_changes?descending=true&limit=1&since=2") == ["c"]


def test_documents_come_along_when_asked_for(filled: Couch) -> None:
    rows = filled.get("/cases/_changes?include_docs=true&conflicts=true").json["results"]

    assert rows[1]["doc"] == {
        "_id": "b",
        "_rev": rev(1, "b"),
        "_conflicts": [rev(1, "a")],
        "days": 3,
    }
    assert rows[2]["doc"]["_deleted"] is True


def test_only_each_so_many_rows_has_a_number(filled: Couch) -> None:
    rows = filled.get("/cases/_changes?seq_interval=2").json["results"]

    assert [row["seq"] is None for row in rows] == [True, False, True]


def test_a_filter_by_ids_finds_them(filled: Couch) -> None:
    feed = filled.post("/cases/_changes?filter=_doc_ids", {"doc_ids": ["b", "none"]}).json

    assert [row["id"] for row in feed["results"]] == ["b"]
    assert feed["last_seq"] == filled.get("/cases").json["update_seq"]
    assert changed(filled, '/cases/_changes?filter=_doc_ids&doc_ids=["c"]') == ["c"]


def test_a_filter_by_selector_judges_every_leaf(filled: Couch) -> None:
    body = {"selector": {"days": {"$lte": 2}}}

    rows = filled.post("/cases/_changes?filter=_selector&style=all_docs", body).json["results"]

    assert [(row["id"], row["changes"]) for row in rows] == [
        ("a", [{"rev": rev(2, "b")}]),
        ("b", [{"rev": rev(1, "a")}]),
    ]


def test_a_filter_passes_all_that_it_left_out(filled: Couch) -> None:
    feed = filled.post("/cases/_changes?filter=_selector", {"selector": {"days": 1}}).json

    assert feed["last_seq"] == filled.get("/cases").json["update_seq"]


def test_design_documents_can_be_told_from_the_rest(filled: Couch) -> None:
    filled.put("/cases/_design/app", {"language": "javascript"})

    assert changed(filled, "/cases/_changes?filter=_design") == ["_design/app"]


def test_a_post_without_a_filter_is_a_feed(filled: Couch) -> None:
    assert len(filled.post("/cases/_changes", {}).json["results"]) == 3


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("feed=pigeon", 400),
        ("limit=x", 400),
        ("limit=-1", 400),
        ("heartbeat=0", 400),
        ("heartbeat=x", 400),
        ("seq_interval=0", 400),
        ("since=later", 400),
        ("style=best", 400),
        ("filter=_doc_ids", 400),
        ("filter=_selector", 400),
        ("filter=plain", 400),
        ("filter=none/none", 404),
        ("filter=app/none", 404),
        ("filter=app/mine", 501),
        ("filter=_view&view=app/mine", 501),
    ],
)
def test_a_feed_that_cannot_be_given_says_why(couch: Couch, query: str, status: int) -> None:
    functions = {"mine": "function (doc) { return true; }"}
    couch.put("/cases/_design/app", {"filters": functions, "views": functions})

    answer = couch.get(f"/cases/_changes?{query}")

    assert answer.status == status
    assert set(answer.json) == {"error", "reason"}


def test_unknown_parameters_are_passed_over(filled: Couch) -> None:
    assert len(changed(filled, "/cases/_changes?_nonce=1&w=3")) == 3


def test_an_unchanged_feed_is_not_sent_again(filled: Couch) -> None:
    etag = filled.get("/cases/_changes").headers["ETag"]

    assert filled.get("/cases/_changes", **{"If-None-Match": etag}).status == 304


def lines(couch: Couch, target: str) -> Iterator[bytes]:
    """The pieces of a feed as they come."""
    answer = couch.get(target)
    assert answer.status == 200
    return iter(answer.pieces)


def test_a_continuous_feed_speaks_at_once_and_ends_with_where_to_go_on(filled: Couch) -> None:
    feed = lines(filled, "/cases/_changes?feed=continuous&timeout=0")

    assert next(feed) == b"\n"
    rows = [json.loads(line) for line in feed]
    assert [row.get("id") for row in rows] == ["a", "b", "c", None]
    assert rows[-1] == {"last_seq": rows[-2]["seq"], "pending": 0}


def test_a_continuous_feed_stops_at_its_limit(filled: Couch) -> None:
    rows = list(lines(filled, "/cases/_changes?feed=continuous&limit=1&heartbeat=true"))

    assert json.loads(rows[-1]) == {"last_seq": json.loads(rows[1])["seq"], "pending": 2}


def test_a_waiting_feed_gives_what_is_written_meanwhile(filled: Couch) -> None:
    feed = lines(filled, "/cases/_changes?feed=continuous&since=now&heartbeat=60000")
    assert next(feed) == b"\n"

    filled.put("/cases/d", {})

    assert json.loads(next(feed))["id"] == "d"


def test_an_idle_feed_ends_in_time_with_its_place(filled: Couch) -> None:
    feed = lines(filled, "/cases/_changes?feed=longpoll&since=now&timeout=30000")
    first = next(feed)
    filled.clock.now_s += 30

    rest = b"".join(feed)

    assert json.loads(first + rest) == {"results": [], "last_seq": 4, "pending": 0}


def test_a_feed_waits_no_longer_than_the_ceiling(filled: Couch) -> None:
    target = f"/cases/_changes?feed=longpoll&since=now&timeout={TIMEOUT_MS_MAX * 100}"
    feed = lines(filled, target)
    next(feed)
    filled.clock.now_s += TIMEOUT_MS_MAX / 1000

    assert b"last_seq" in b"".join(feed)


def test_an_idle_feed_sends_newlines(filled: Couch) -> None:
    feed = lines(filled, "/cases/_changes?feed=continuous&since=now&heartbeat=5000")
    next(feed)

    for _ in range(3):
        filled.clock.now_s += 5
        assert next(feed) == b"\n"


def test_a_longpoll_ends_with_the_first_rows(filled: Couch) -> None:
    feed = json.loads(b"".join(lines(filled, "/cases/_changes?feed=longpoll&since=2")))

    assert len(feed["results"]) == 2


def test_an_event_source_goes_on_after_the_last_event(filled: Couch) -> None:
    target = "/cases/_changes?feed=eventsource&timeout=0"
    answer = filled.get(target, **{"Last-Event-ID": "3"})

    assert answer.headers["Content-Type"] == "text/event-stream"
    assert b'data: {"seq":4,"id":"c"' in answer.body
    assert b'"id":"a"' not in answer.body


def test_a_feed_is_not_silent_while_it_filters(couch: Couch) -> None:
    docs = [{"_id": f"hx-{number:04}"} for number in range(PAGE + 20)]
    couch.post("/cases/_bulk_docs", {"docs": docs})
    body = {"selector": {"days": 1}}
    feed = iter(couch.post("/cases/_changes?filter=_selector", body).pieces)
    assert next(feed) == b'{"results":[\n'

    couch.clock.now_s += FILTERING_HEARTBEAT_S
    assert next(feed) == b"\n"
    couch.clock.now_s += FILTERING_HEARTBEAT_S
    assert next(feed) == b"\n"
    assert json.loads(b'{"results":[' + b"".join(feed))["results"] == []


def test_a_filtered_feed_that_moved_on_ends_and_says_how_far(filled: Couch) -> None:
    body = {"selector": {"days": "never"}}
    target = "/cases/_changes?feed=continuous&filter=_selector&heartbeat=60000"
    feed = iter(filled.post(target, body).pieces)
    next(feed)
    filled.clock.now_s += FILTERED_S_MAX

    rest = [line for line in feed if line != b"\n"]

    assert [json.loads(line) for line in rest] == [{"last_seq": 4, "pending": 0}]


def test_every_feed_gives_its_seat_back(filled: Couch) -> None:
    couch = Couch(filled.store, limits=ServingLimits(feeds=1))
    first = couch.get("/cases/_changes?feed=continuous&heartbeat=true")

    assert couch.get("/cases/_changes?feed=longpoll").status == 429
    first.pieces.close()  # type: ignore[attr-defined]
    assert couch.get("/cases/_changes?feed=longpoll").status == 200


def test_feeds_end_when_the_server_stops(filled: Couch) -> None:
    feed = lines(filled, "/cases/_changes?feed=continuous&since=now&heartbeat=true")
    next(feed)
    filled.feeds.stop()

    assert json.loads(next(feed))["last_seq"] == 4


def test_a_feed_ends_when_its_database_is_deleted(filled: Couch) -> None:
    feed = lines(filled, "/cases/_changes?feed=continuous&since=now&heartbeat=true")
    next(feed)
    filled.delete("/cases")

    assert json.loads(next(feed))["pending"] == 0
