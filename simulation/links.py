"""A link of the simulator: up or down, cutting requests and answers, delivering some twice."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from simulation.disk import PowerCut
from sync.errors import TransportError

OLD_REQUESTS = 8
"""Requests a link remembers, to deliver one of them again much later."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How likely each fault is, per exchange, from 0 to 1."""

    cut_request: float = 0.0
    cut_answer: float = 0.0
    duplicate: float = 0.0


FAIR = Weather()
FOUL = Weather(cut_request=0.15, cut_answer=0.15, duplicate=0.1)


class SimulatedLink:
    """The way from a child to its parent, and what the weather does to it.

    A request cut at any byte reaches the parent as the piece that arrived; whether the parent
    sees it as the end of the message is drawn too, since both happen.
    """

    def __init__(
        self, answer: Callable[[bytes], bytes], source: random.Random, weather: Weather
    ) -> None:
        """Take the parent's answering function and the source of faults."""
        self._answer = answer
        self._source = source
        self.weather = weather
        self.is_up = True
        self._old: list[bytes] = []

    def connect(self) -> None:
        """Find the link up.

        Raises:
            TransportError: It is down.
        """
        if not self.is_up:
            raise TransportError("the link is down")

    def exchange(self, body: bytes, receive: Callable[[bytes], object]) -> None:
        """Carry a request and its answer, or fail on the way.

        Raises:
            TransportError: The request or the answer was cut, or the parent died over it.
        """
        self._old = [*self._old[-OLD_REQUESTS:], body]
        if self._source.random() < self.weather.duplicate:
            self._deliver(self._source.choice(self._old))
        if self._source.random() < self.weather.cut_request:
            if self._source.random() < 0.5:  # noqa: PLR2004  # a coin
                self._deliver(body[: self._source.randrange(len(body))])
            raise TransportError("the request was cut")
        answer = self._deliver(body)
        if self._source.random() < self.weather.cut_answer:
            receive(answer[: self._source.randrange(len(answer))])
            raise TransportError("the answer was cut")
        receive(answer)

    def _deliver(self, body: bytes) -> bytes:
        try:
            return self._answer(body)
        except PowerCut as death:
            raise TransportError(f"the hub {death.unit} went down") from None
