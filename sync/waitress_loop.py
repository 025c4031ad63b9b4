"""The loop of a waitress server, which another thread may end at any moment."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from waitress import wasyncore


class WaitressLoop:
    """Runs a server until it is told to stop; then its sockets are closed by the loop itself.

    Waitress has no such end: closed from another thread it trips over its own sockets, and
    waking it after they were closed may write into a file handle that is somebody else's by
    then. So the stop sign with its wake-up, and the closing, exclude each other.
    """

    def __init__(self, server: Any, sockets: dict[int, Any], *, use_poll: bool) -> None:  # noqa: ANN401
        """Take a server and the map of sockets it was made with."""
        self._server = server
        self._sockets = sockets
        self._use_poll = use_poll
        self._ending = Lock()
        self._is_stopping = False

    def run(self, shut_down: Callable[[], object]) -> None:
        """Serve until `stop` is called; `shut_down` ends the workers afterwards."""
        try:
            while self._sockets and not self._is_stopping:
                wasyncore.loop(timeout=1, map=self._sockets, use_poll=self._use_poll, count=1)
        finally:
            self.close()
            shut_down()

    def stop(self) -> None:
        """Let `run` return; may be called from any thread, and twice."""
        with self._ending:
            if not self._is_stopping:
                self._is_stopping = True
                self._server.trigger.pull_trigger()

    def call(self, thunk: Callable[[], object]) -> bool:
        """Have something done in the loop's own thread; False if it has ended."""
        with self._ending:
            if not self._is_stopping:
                self._server.trigger.pull_trigger(thunk)
            return not self._is_stopping

    def close(self) -> None:
        """Close the sockets; for a server whose loop does not run."""
        with self._ending:
            self._is_stopping = True
            wasyncore.close_all(self._sockets)
