"""The path at which a device measures its link, for a technician on the telephone."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from security.tunnel.trial import RATE_BYTES, RATE_PATH

_PIECE = 16 * 1024

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def with_rates(
    exchange: Application, device_of: Callable[[dict[str, Any]], str | None]
) -> Application:
    """The exchanges, and beside them a sink and a source of bytes, for devices alone."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        if environ.get("PATH_INFO") != RATE_PATH:
            return exchange(environ, start_response)
        if device_of(environ) is None:
            start_response("403 Forbidden", [("Content-Length", "0")])
            return [b""]
        if environ.get("REQUEST_METHOD") == "POST":
            left = RATE_BYTES
            while left > 0 and (piece := environ["wsgi.input"].read(min(left, _PIECE))):
                left -= len(piece)
            start_response("200 OK", [("Content-Length", "0")])
            return [b""]
        start_response("200 OK", [("Content-Length", str(RATE_BYTES))])
        # Nothing on the way may make it smaller.
        return [os.urandom(RATE_BYTES)]

    return application
