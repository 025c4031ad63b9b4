"""A request as it arrives at a hub: what has come of it is kept, whatever becomes of the rest.

Records are judged and stored in parts, each up to a mark, through the same door as a whole
request. So a link that dies in the midst of a batch costs what came after the last mark, and
the child hears in its next question how far the hub has got.
"""

from collections.abc import Callable
from dataclasses import replace

from sync.errors import PeerProtocolError, RefusedError
from sync.ports import Clock
from sync.protocol.compare_messages import Compare, Compared, Message
from sync.protocol.messages import RECORDS_MAX, Answer, Exchange, Refusal
from sync.protocol.wire import MessageReader, encode_message

PART_BYTES = 128 << 10
PART_S = 1.0
"""Arriving records are stored after so many bytes or so long, whichever is first."""


class Reception:
    """One request of an authenticated device, in pieces.

    Args of the constructor: `answer` gives the answer to an exchange of the device, `compare`
    that to a comparing request, which is taken whole.
    """

    def __init__(
        self,
        answer: Callable[[Exchange], Answer | Refusal],
        compare: Callable[[Compare], Compared | Refusal],
        clock: Clock,
    ) -> None:
        self._answer = answer
        self._compare = compare
        self._clock = clock
        self._reader = MessageReader()
        self._kept_at = clock.monotonic()
        self._quarantined: list[tuple[str, str]] = []
        self._end: Refusal | None = None

    def feed(self, piece: bytes) -> None:
        """Take the next bytes, and store what is due; never raises for what they are."""
        if self._end is not None:
            return
        try:
            self._reader.feed(piece)
        except PeerProtocolError as error:
            self.keep()
            self._end = self._end or Refusal("malformed", str(error))
        except RefusedError as error:
            self._end = Refusal(error.code, str(error))
        is_due = self._clock.monotonic() - self._kept_at >= PART_S
        if is_due or self._reader.marked_bytes >= PART_BYTES:
            self.keep()

    def keep(self) -> None:
        """Store what has come up to the last mark: the rest is late, or will never come."""
        self._kept_at = self._clock.monotonic()
        part = self._reader.part()
        if not isinstance(part, Exchange) or isinstance(self._end, Refusal):
            return
        match self._answer(part):
            case Answer() as answer:
                self._quarantined += answer.quarantined
            case Refusal() as refusal:
                self._end = refusal

    def finish(self) -> bytes:
        """The encoded answer, or refusal, to what came."""
        return encode_message(self._finished())

    def _finished(self) -> Message:
        if self._end is None:
            try:
                message = self._reader.finish()
            except PeerProtocolError as error:
                self.keep()
                self._end = self._end or Refusal("malformed", str(error))
            else:
                return self._answered(message)
        return self._end

    def _answered(self, message: Message) -> Message:
        if isinstance(message, Compare):
            return self._compare(message)
        if not isinstance(message, Exchange):
            return Refusal("malformed", "the message is not a request")
        answer = self._answer(message)
        if isinstance(answer, Answer):
            quarantined = (*self._quarantined, *answer.quarantined)[:RECORDS_MAX]
            return replace(answer, quarantined=quarantined)
        return answer
