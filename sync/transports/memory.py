"""A link inside one process that fails as real ones do, on the word of whoever made it."""

from collections.abc import Callable
from dataclasses import dataclass

from sync.errors import TransportError


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one exchange.

    Attributes:
        request_bytes: The request is cut after so many bytes and never arrives whole; None lets
            it through.
        is_cut_visible: Whether the far end sees the cut-off piece, as it would where nothing
            but the message itself tells its length.
        answer_bytes: The answer is cut after so many bytes, when the far end has long stored
            what came; None lets it through.
    """

    request_bytes: int | None = None
    is_cut_visible: bool = False
    answer_bytes: int | None = None


class MemoryTransport:
    """Hands requests to a function and its answers back.

    Args of the constructor: `answer` takes a request and gives its answer; `next_fault` is
    asked before every exchange, `is_up` before every connection.
    """

    def __init__(
        self,
        answer: Callable[[bytes], bytes],
        *,
        next_fault: Callable[[], Fault | None] = lambda: None,
        is_up: Callable[[], bool] = lambda: True,
    ) -> None:
        self._answer = answer
        self._next_fault = next_fault
        self._is_up = is_up

    def connect(self) -> None:
        """Find the link up.

        Raises:
            TransportError: It is down.
        """
        if not self._is_up():
            raise TransportError("the link is down")

    def exchange(self, body: bytes, receive: Callable[[bytes], object]) -> None:
        """Send a request and hand over its answer, in two pieces.

        Raises:
            TransportError: The fault of this exchange hit the request or the answer.
        """
        fault = self._next_fault() or Fault()
        if fault.request_bytes is not None:
            if fault.is_cut_visible:
                self._answer(body[: fault.request_bytes])
            raise TransportError("the link broke while the request was on its way")
        answer = self._answer(body)
        if fault.answer_bytes is not None:
            receive(answer[: min(fault.answer_bytes, len(answer) - 1)])
            raise TransportError("the link broke while the answer was on its way")
        receive(answer[: len(answer) // 2])
        receive(answer[len(answer) // 2 :])

    def close(self) -> None:
        """Nothing to release."""
