import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from waitress.adjustments import Adjustments

from sync.couchdb_http.errors import ReplyError, unauthorized
from sync.couchdb_http.limits import BodyBudget, FeedSeats, ServingLimits
from sync.couchdb_http.requests import Request
from sync.couchdb_http.server import (
    BODY_BYTES_PER_S_MIN,
    BODY_GRACE_S,
    HEAD_S_MAX,
    Admission,
    _Parser,
)
from tests.support.couch_http import StillClock

HEAD = b"POST /cases/_bulk_docs HTTP/1.1\r\nHost: localhost\r\n"


def parser(clock: StillClock, admission: Admission | None = None) -> _Parser:
    judged = admission or Admission(1 << 20)
    return _Parser(lambda *_: judged, clock, Adjustments(max_request_body_size=1 << 62))


def body_of(length: int) -> Request:
    headers = {"content-type": "application/json"}
    return Request("POST", ("cases",), {}, headers, io.BytesIO(), length)


def test_a_head_that_takes_too_long_is_given_up() -> None:
    clock = StillClock()
    request = parser(clock)
    request.received(HEAD)

    clock.now_s += HEAD_S_MAX
    assert not request.is_too_slow()
    clock.now_s += 1
    assert request.is_too_slow()


def test_a_body_may_be_slow_but_not_stand_still() -> None:
    clock = StillClock()
    request = parser(clock)
    request.received(HEAD + b"Content-Length: 100000\r\n\r\n")

    clock.now_s += BODY_GRACE_S + 10
    assert request.is_too_slow()
    request.received(b"x" * 10 * BODY_BYTES_PER_S_MIN)
    assert not request.is_too_slow()


def test_a_refused_body_is_read_to_its_end_and_not_kept() -> None:
    request = parser(StillClock(), Admission(10, unauthorized("no")))

    rest = HEAD + b"Content-Length: 50000\r\n\r\n"
    assert request.received(rest) == len(rest)
    ended = []
    for piece in (b"x" * 49_999, b"x"):
        request.received(piece)
        ended.append(request.completed)

    assert ended == [False, True]
    assert request.error is None
    assert request.get_body_stream().read() == b""


def test_a_body_beyond_all_measure_is_answered_before_it_comes() -> None:
    request = parser(StillClock())

    request.received(HEAD + b"Content-Length: 9000000000\r\n\r\n")

    assert request.completed
    status, _, body = request.error.to_response()
    assert status.startswith("413 ")
    assert body.startswith(b'{"error":"too_large"')


def test_bodies_wait_until_there_is_room() -> None:
    budget = BodyBudget(ServingLimits(json_bytes_together=1 << 20))
    second_is_in = threading.Event()

    def second() -> None:
        with budget.hold(body_of(1 << 20)):
            second_is_in.set()

    with ThreadPoolExecutor(1) as pool:
        with budget.hold(body_of(1 << 20)):
            waiting = pool.submit(second)
            assert not second_is_in.wait(0.05)
        waiting.result(timeout=10)


def test_small_bodies_never_wait() -> None:
    budget = BodyBudget(ServingLimits(json_bytes_together=1 << 20))

    with budget.hold(body_of(1 << 20)), budget.hold(body_of(1000)):
        pass


def test_a_feed_without_a_seat_is_told_to_slow_down() -> None:
    seats = FeedSeats(1)
    seats.take()

    with pytest.raises(ReplyError) as refusal:
        seats.take()

    assert refusal.value.status == 429
    seats.leave()
    seats.take()
