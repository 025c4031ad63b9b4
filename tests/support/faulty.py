"""A link to a server that fails as clusters do: a proxy that refuses, rewrites and cuts."""

import http.client
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one request.

    Attributes:
        refuse: Answer this status and pass nothing on.
        status: Pass it on, then answer this status.
        cut_before: Close without passing it on.
        cut_after: Pass it on, then close without an answer.
        path: Ask for this instead.
    """

    refuse: int = 0
    status: int = 0
    cut_before: bool = False
    cut_after: bool = False
    path: str = ""


SOUND = Fault()
Rule = Callable[[str, str], Fault]


class FaultyLink:
    """Passes requests to an address; `rule` is asked for each what befalls it."""

    def __init__(
        self,
        url: str,
        rule: Rule = lambda _method, _path: SOUND,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.rule = rule
        self.seen: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, url))
        self._server.daemon_threads = True
        # A caller that was killed takes no answer: that is what these tests do to it.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the server away: later connections are refused."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(10)


def _passed_on(headers: Mapping[str, str] | Message) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers.items() if name.lower() not in _HOP]


def _handler(link: FaultyLink, url: str) -> type[BaseHTTPRequestHandler]:
    target = urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size) if size else None
            link.seen.append((self.command, self.path))
            fault = link.rule(self.command, self.path)
            if fault.cut_before:
                self.close_connection = True
                return
            if fault.refuse:
                self._answer(fault.refuse, {}, b'{"error":"busy","reason":"a test"}')
                return
            try:
                status, headers, raw = self._ask(fault.path or self.path, body)
            except (OSError, http.client.HTTPException):
                self.close_connection = True
                return
            if fault.cut_after:
                self.close_connection = True
                return
            self._answer(fault.status or status, headers, raw)

        def _ask(self, path: str, body: bytes | None) -> tuple[int, dict[str, str], bytes]:
            sent = {
                name: value for name, value in self.headers.items() if name.lower() not in _HOP
            }
            assert target.hostname, "it has a host"
            server = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
            try:
                server.request(self.command, path, body, sent)
                answer = server.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()
            finally:
                server.close()

        def _answer(self, status: int, headers: dict[str, str], raw: bytes) -> None:
            self.send_response(status)
            for name, value in _passed_on(headers):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815

        def log_message(self, *_: object) -> None:
            return

    return Handler


def first(count: int, fault: Fault, *, method: str, part: str) -> Rule:
    """The fault for the first so-many requests of a method whose path holds a part."""
    left = [count]

    def rule(asked: str, path: str) -> Fault:
        if asked == method and part in path and left[0]:
            left[0] -= 1
            return fault
        return SOUND

    return rule
