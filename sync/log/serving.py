"""A log over HTTP for whoever may reach the hub's port: C2SP tlog-tiles, read only.

Nothing in them is personal or secret: a checkpoint, and hashes.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from security.errors import FormatError
from security.suites import HASH_BYTES
from security.tlog_tiles import ENTRIES, WIDTH, parse_tile_path
from sync.errors import LogError
from sync.log.folder import LogFolder

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX = "/log/"
CONTACT_PATH = "/log/contact"

_TEXT = "text/plain; charset=utf-8"
_BINARY = "application/octet-stream"
_FOR_EVER = "max-age=31536000, immutable"

Content = tuple[str, bytes, str]


class LogApplication:
    """Serve `/log/checkpoint`, `/log/tile/...` and `/log/tile/entries/...`."""

    def __init__(self, folder: LogFolder, contact: "Callable[..., Iterable[bytes]]") -> None:
        """Take the files, and the application that answers children at `/log/contact`."""
        self._folder = folder
        self._contact = contact

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        path = str(environ.get("PATH_INFO", ""))
        if path == CONTACT_PATH:
            return self._contact(environ, start_response)
        if environ.get("REQUEST_METHOD") not in {"GET", "HEAD"}:
            return _line(start_response, "405 Method Not Allowed")
        try:
            content = content_of(self._folder, path.removeprefix(PREFIX))
        except (FormatError, LogError):
            return _line(start_response, "404 Not Found")
        kind, body, caching = content
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", caching),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response("200 OK", headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]


def content_of(folder: LogFolder, path: str) -> Content:
    """Give media type, bytes and caching of one resource of a log.

    Raises:
        FormatError: It is no path of a log.
        LogError: The log does not go so far.
    """
    head = folder.head()
    if path == "checkpoint":
        if head.signed is None:
            raise LogError("the log has no checkpoint yet")
        return _TEXT, head.signed.note, "no-cache"
    level, index, width = parse_tile_path(path)
    if isinstance(level, str):
        assert level == ENTRIES
        start = index * WIDTH
        if start + width > head.size:
            raise LogError("the log does not go so far")
        return _BINARY, entry_bundle(folder.entries(start, start + width)), _FOR_EVER
    if index * WIDTH + width > head.size >> 8 * level:
        raise LogError("the log does not go so far")
    hashes = folder.tile(level, index)
    if len(hashes) < width * HASH_BYTES:
        raise LogError("the tile is not so wide")
    return _BINARY, hashes[: width * HASH_BYTES], _FOR_EVER


def _line(start_response: "StartResponse", status: str) -> list[bytes]:
    text = status.encode("ascii") + b"\n"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]


def entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Give the entries as C2SP tlog-tiles serves them: each behind its length in two bytes."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)
