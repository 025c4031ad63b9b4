"""A link that breaks: a proxy that resets connections in the midst of long messages."""

import contextlib
import selectors
import socket
import struct
import threading
from typing import Self

_RESET = struct.pack("ii", 1, 0)
_PIECE = 1024
SILENCE_S = 0.2
"""How long a link is silent before it is known to be broken.

The library through which PouchDB speaks HTTP waits for ever for the rest of an answer, if the
reset follows its first bytes at once.
"""
LONG = 4096
"""Bytes of one message before which nothing is cut, so that batches are what breaks."""

SILENCE_S = 0.2
"""How long a link is silent before it is known to be broken.

The library through which PouchDB speaks HTTP waits for ever for the rest of an answer, if the
reset follows its first bytes at once.
"""
LONG = 4096
"""Bytes of one message before which nothing is cut.

PouchDB 9 stops for ever when the link breaks during one of its short questions, such as that
for the database itself; no server can help it.
"""


class CuttingProxy:
    """Passes bytes to a port on loopback, and resets each so-many-th long message in its midst.

    Used as a context manager. With `each` at 0 nothing is cut; `cuts` and `passed` count.
    """

    def __init__(self, port: int, each: int = 0) -> None:
        self._target = port
        self._each = each
        self._long_messages = 0
        self._lock = threading.Lock()
        self.cuts = 0
        self.passed = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._listening.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def _run(self, work: object, *words: object) -> None:
        thread = threading.Thread(target=work, args=words, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        self._listening.settimeout(0.2)
        while not self._stopped.is_set():
            with contextlib.suppress(OSError):
                client, _ = self._listening.accept()
                self._run(self._carry, client)

    def _carry(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            client.close()
            return
        with client, server, contextlib.suppress(OSError):
            self._pass_bytes(client, server)

    def _pass_bytes(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        speaker, said = client, 0
        with selectors.DefaultSelector() as selector:
            for one in other:
                selector.register(one, selectors.EVENT_READ)
            while not self._stopped.is_set():
                for key, _ in selector.select(timeout=0.2):
                    end = key.fileobj
                    assert isinstance(end, socket.socket), "only sockets were registered"
                    piece = end.recv(_PIECE)
                    if not piece:
                        return
                    before = said if end is speaker else 0
                    speaker, said = end, before + len(piece)
                    if self._cuts_here(before, said):
                        self._stopped.wait(SILENCE_S)
                        for one in other:
                            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                        return
                    other[end].sendall(piece)

    def _cuts_here(self, before: int, said: int) -> bool:
        with self._lock:
            self.passed += said - before
            if not before <= LONG < said:
                return False
            self._long_messages += 1
            if not self._each or self._long_messages % self._each:
                return False
            self.cuts += 1
            return True
