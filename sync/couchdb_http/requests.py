"""A request as the endpoints see it, and the body read from it within limits."""

import io
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, unquote_to_bytes

from sync.couchdb_http import json_text
from sync.couchdb_http.collation import Json
from sync.couchdb_http.errors import ReplyError, bad_content_type, bad_request, too_large

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PIECE_BYTES = 64 << 10
_QUERY_FIELDS_MAX = 100
_QUALITY = re.compile(r";\s*q=0(\.0*)?\s*(;|$)")


class Input(Protocol):
    """Where the bytes of a body come from."""

    def read(self, count: int, /) -> bytes:
        """At most `count` bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        method: As sent, but GET for HEAD: the answer differs only in what is left out.
        path: The decoded parts of the path, without empty ones.
        query: The first value of each name.
        headers: By name in lower case.
        stream: The body, still encoded as sent.
        length: Bytes of the body.
        origin: Scheme and host by which the client reached us, without a slash at the end.
        user: Who is signed in; empty if nobody is.
        gone: Whether the client has hung up meanwhile, as far as is known.
    """

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    stream: Input = field(repr=False, default_factory=io.BytesIO)
    length: int = 0
    origin: str = ""
    user: str = ""
    environ: "WSGIEnvironment" = field(repr=False, default_factory=dict)

    def gone(self) -> bool:
        """Whether the client is known to have hung up."""
        asked = self.environ.get("waitress.client_disconnected")
        return bool(asked is not None and asked())

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A parameter that is `true` or not."""
        return self.query.get(name, "true" if default else "") == "true"

    def number(self, name: str, default: int, *, least: int = 0) -> int:
        """A whole number among the parameters.

        Raises:
            ReplyError: It is none, or too small.
        """
        text = self.query.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,15}", text):
            raise bad_request(f"Invalid value for integer: {text[:40]!r}", "query_parse_error")
        number = int(text)
        if number < least:
            raise bad_request(
                f"Invalid value for {name}: {number}, at least {least}", "query_parse_error"
            )
        return number

    def json_value(self, name: str) -> Json:
        """A parameter written in JSON; None if it is not there.

        Raises:
            ReplyError: It is no JSON.
        """
        text = self.query.get(name)
        return None if text is None else json_text.decode(text)

    def accepts(self, kind: str) -> bool:
        """Whether the client takes answers of this kind, as CouchDB reads `Accept`."""
        accept = self.headers.get("accept", "*/*")
        family = kind.partition("/")[0] + "/*"
        for part in accept.lower().split(","):
            name = part.split(";")[0].strip()
            if name in {kind, family, "*/*"} and not _QUALITY.search(part):
                return True
        return False

    def content_type(self) -> tuple[str, dict[str, str]]:
        """The kind of the body in lower case, and its parameters."""
        return parse_header(self.headers.get("content-type", ""))

    def require_json(self) -> None:
        """Insist that the body calls itself JSON, as CouchDB does against forged forms.

        Raises:
            ReplyError: It calls itself something else.
        """
        if self.content_type()[0] != "application/json":
            raise bad_content_type("Content-Type must be application/json")

    def body(self, bytes_max: int) -> bytes:
        """The whole body, unpacked if it came as gzip.

        Raises:
            ReplyError: It is larger than `bytes_max`, cut short or not gzip.
        """
        pieces = []
        total = 0
        for piece in self.pieces():
            total += len(piece)
            if total > bytes_max:
                raise too_large()
            pieces.append(piece)
        return b"".join(pieces)

    def json(self, bytes_max: int) -> Json:
        """The body as JSON.

        Raises:
            ReplyError: As `body`, or it is no JSON.
        """
        return json_text.decode(self.body(bytes_max))

    def json_object(self, bytes_max: int) -> dict[str, Json]:
        """The body as an object of JSON.

        Raises:
            ReplyError: As `json`, or it is another kind of value.
        """
        value = self.json(bytes_max)
        if not isinstance(value, dict):
            raise bad_request("Request body must be a JSON object")
        return value

    def raw_pieces(self) -> Iterator[bytes]:
        """The body piece by piece as it was sent.

        Raises:
            ReplyError: It ends before its length.
        """
        remaining = self.length
        while remaining > 0:
            piece = self.stream.read(min(PIECE_BYTES, remaining))
            if not piece:
                raise bad_request("The body ended too early")
            remaining -= len(piece)
            yield piece

    def pieces(self) -> Iterator[bytes]:
        """The body piece by piece, unpacked if it came as gzip; the caller counts the bytes.

        Raises:
            ReplyError: It is not what it calls itself.
        """
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding == "identity":
            return self.raw_pieces()
        if encoding != "gzip":
            raise bad_content_type("Only gzip and identity content-encodings are supported")
        return gunzipped(self.raw_pieces())


def gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The content of a gzip stream, a bounded piece at a time: a bomb is only ever a piece.

    Raises:
        ReplyError: It is no gzip stream, or it is cut.
    """
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for packed in pieces:
            waiting = packed
            while waiting and not unpacker.eof:
                unpacked = unpacker.decompress(waiting, PIECE_BYTES)
                waiting = unpacker.unconsumed_tail
                if unpacked:
                    yield unpacked
        if not unpacker.eof:
            raise bad_request("Request body is not properly gzip compressed")
    except zlib.error as error:
        raise bad_request("Request body is not properly gzip compressed") from error


def request_of(environ: "WSGIEnvironment") -> Request:
    """The request that a WSGI server hands over.

    Raises:
        ReplyError: Path, query or length are not those of this protocol.
    """
    method = str(environ["REQUEST_METHOD"])
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    }
    length = headers.get("content-length", "") or "0"
    if not re.fullmatch("[0-9]{1,18}", length):
        raise bad_request("Content-Length is invalid")
    host = headers.get("host") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return Request(
        "GET" if method == "HEAD" else method,
        path_of(environ),
        query_of(str(environ.get("QUERY_STRING", ""))),
        headers,
        environ["wsgi.input"],
        int(length),
        f"{environ['wsgi.url_scheme']}://{host}{environ.get('SCRIPT_NAME', '')}",
        "",
        environ,
    )


def path_of(environ: "WSGIEnvironment") -> tuple[str, ...]:
    """The decoded parts of the path.

    The server's own decoding is of no use: `a%2Fb` is one document, `a/b` an attachment.
    """
    raw = environ.get("REQUEST_URI")
    if raw is None:
        parts = str(environ.get("PATH_INFO", "")).encode("latin-1").split(b"/")
    else:
        path = re.sub(r"^[a-z]+://[^/?]*", "", str(raw).partition("?")[0])
        path = path.removeprefix(str(environ.get("SCRIPT_NAME", "")))
        parts = [unquote_to_bytes(part) for part in path.split("/")]
    try:
        return tuple(part.decode("utf-8") for part in parts if part)
    except UnicodeDecodeError as error:
        raise bad_request("The path is not UTF-8") from error


def query_of(text: str) -> dict[str, str]:
    """The first value of each name of a query.

    Raises:
        ReplyError: There are too many of them, or they are not UTF-8.
    """
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX, errors="strict"
        )
    except ValueError as error:
        raise ReplyError(400, "query_parse_error", "The query cannot be read") from error
    values: dict[str, str] = {}
    for name, value in pairs:
        values.setdefault(name, value)
    return values


def parse_header(text: str) -> tuple[str, dict[str, str]]:
    """The value of a header such as `Content-Type` in lower case, and its parameters."""
    message = Message()
    message["content-type"] = text.replace("\r", " ").replace("\n", " ")
    (value, _), *parameters = message.get_params(failobj=[("", "")], header="content-type")
    return value.strip().lower(), {name.lower(): content for name, content in parameters}
