"""JSON as it crosses the wire: strict when it is read, compact when it is written."""

import json
import math
from typing import NoReturn

from sync.couchdb_http.collation import Json
from sync.couchdb_http.errors import bad_request

_INVALID = "invalid UTF-8 JSON"


def decode(raw: bytes | str) -> Json:
    """The value that a text of JSON holds.

    Raises:
        ReplyError: It is not JSON, or it holds what cannot be written again (numbers beyond
            the range of a double, half a surrogate pair, nesting without end).
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
        value: Json = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if "\\u" in text:
            # Escapes can spell half a surrogate pair, which no UTF-8 can carry.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise bad_request(_INVALID) from error
    return value


def encode(value: object) -> bytes:
    """The JSON of a value, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def spliced(fields: dict[str, object], body: bytes) -> bytes:
    """An object with these fields before those of `body`, itself the JSON of an object.

    The body is not read: documents are served as fast as they can be copied.
    """
    head = encode(fields)
    inner = body[body.index(b"{") + 1 : body.rindex(b"}")].strip()
    if not inner:
        return head
    return head[:-1] + (b"," if fields else b"") + inner + b"}"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
