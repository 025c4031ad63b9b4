"""multipart bodies, read and written a piece at a time."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sync.couchdb_http.errors import bad_request

HEAD_BYTES_MAX = 16 << 10
BOUNDARY_LENGTH_MAX = 200
_LINE = b"\r\n"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a body that is being read.

    Attributes:
        headers: By name in lower case.
        pieces: The content, to be read before the next part is asked for.
    """

    headers: Mapping[str, str]
    pieces: Iterator[bytes] = field(repr=False)


class PartReader:
    """The parts of a multipart body, in order; memory holds a piece of it at a time.

    Raises:
        ReplyError: When made with a boundary that cannot be one.
    """

    def __init__(self, pieces: Iterable[bytes], boundary: str) -> None:
        if not 0 < len(boundary) <= BOUNDARY_LENGTH_MAX:
            raise bad_request("The multipart boundary is missing or too long")
        self._pieces = iter(pieces)
        self._delimiter = b"\r\n--" + boundary.encode("utf-8")
        # The first delimiter may stand at the very start, where no line ends before it.
        self._buffer = bytearray(_LINE)

    def parts(self) -> Iterator[Part]:
        """Each part in turn; what is left unread of one is skipped.

        Raises:
            ReplyError: The body breaks off, or is not multipart.
        """
        _exhaust(self._content())
        while not self._at_end():
            headers = self._headers()
            content = self._content()
            yield Part(headers, content)
            _exhaust(content)
        _exhaust(self._pieces)

    def _at_end(self) -> bool:
        while len(self._buffer) < len(_LINE):
            self._read_more()
        if self._buffer.startswith(b"--"):
            return True
        if self._line().strip():
            raise bad_request("A multipart boundary is followed by something else")
        return False

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        bytes_left = HEAD_BYTES_MAX
        while line := self._line():
            bytes_left -= len(line)
            if bytes_left < 0:
                raise bad_request("The head of a part is too long")
            name, _, value = line.decode("utf-8", "replace").partition(":")
            headers[name.strip().lower()] = value.strip()
        return headers

    def _content(self) -> Iterator[bytes]:
        """What stands before the next delimiter, which is taken away too."""
        may_be_cut = len(self._delimiter) - 1
        while (found := self._buffer.find(self._delimiter)) < 0:
            if len(self._buffer) > may_be_cut:
                piece = bytes(self._buffer[:-may_be_cut])
                del self._buffer[:-may_be_cut]
                yield piece
            self._read_more()
        piece = bytes(self._buffer[:found])
        del self._buffer[: found + len(self._delimiter)]
        if piece:
            yield piece

    def _line(self) -> bytes:
        while (end := self._buffer.find(_LINE)) < 0:
            if len(self._buffer) > HEAD_BYTES_MAX:
                raise bad_request("The head of a part is too long")
            self._read_more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + len(_LINE)]
        return line

    def _read_more(self) -> None:
        try:
            self._buffer += next(self._pieces)
        except StopIteration:
            raise bad_request("The multipart body breaks off") from None


def part_head(headers: Mapping[str, str]) -> bytes:
    """The head of a part, with the empty line after it."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("utf-8")


def file_name(name: str) -> str:
    """The header `Content-Disposition` of an attachment."""
    quoted = "".join("_" if sign in '"\\\r\n' else sign for sign in name)
    return f'attachment; filename="{quoted}"'


def _exhaust(pieces: Iterator[bytes]) -> None:
    deque(pieces, maxlen=0)
