"""The way in for the command line of this machine: a small API beside the pages.

Who may use it holds the key file in the data folder, which only the owner of the installation
can read; a browser cannot send it. Nothing of it is reachable through a tunnel.
"""

import hmac
import json
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from casebook.errors import CasebookError
from cases.errors import CaseError
from hub.acts import Acts
from hub.controlwords import BODY_BYTES_MAX, KEY_FILE, PREFIX
from security.errors import SecurityError
from sync.errors import SyncError
from web.serving import CALLER

HEADER = "HTTP_X_POSTROAD_KEY"
KEY_BYTES = 32
KINDS = (CaseError, CasebookError, SecurityError, SyncError)

_CLERK_LENGTH_MAX = 64
_log = logging.getLogger(__name__)


class ControlKey:
    """The key of this run, laid where the owner alone can read it once the hub answers."""

    def __init__(self, folder: Path, random_bytes: Callable[[int], bytes]) -> None:
        """Make the key; a start that is refused leaves the file of another run alone."""
        self.text = random_bytes(KEY_BYTES).hex()
        self._folder = folder

    def start(self) -> None:
        """Write the key.

        Raises:
            OSError: The folder cannot be written.
        """
        fresh = self._folder / f"{KEY_FILE}.new"
        fresh.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(fresh, flags, 0o600), "w") as file:
            file.write(self.text)
        fresh.replace(self._folder / KEY_FILE)

    def stop(self) -> None:
        """Leave it: whoever asks a hub at rest finds that nobody answers."""


class ControlApplication:
    """`POST /control/v1/<act>` with JSON fields; answers with JSON lines to tell."""

    def __init__(self, acts: Acts, key: str) -> None:
        """Take the acts, and the key that a request must hold."""
        self._acts = acts
        self._key = key

    def __call__(
        self,
        environ: dict[str, Any],
        start_response: Any,  # noqa: ANN401
    ) -> Iterable[bytes]:
        """Carry out one act."""
        given = str(environ.get(HEADER, ""))
        if environ.get(CALLER) is not None or not hmac.compare_digest(
            given.encode(), self._key.encode()
        ):
            return _reply(start_response, "403 Forbidden", {"error": "forbidden"})
        if environ.get("REQUEST_METHOD") != "POST":
            return _reply(start_response, "405 Method Not Allowed", {"error": "method"})
        fields = _fields(environ)
        if fields is None:
            return _reply(start_response, "400 Bad Request", {"error": "not a JSON object"})
        act = environ.get("PATH_INFO", "").removeprefix(PREFIX)
        clerk = str(fields.pop("clerk", ""))[:_CLERK_LENGTH_MAX]
        try:
            rows = self._acts.perform(act, fields, clerk)
        except KINDS as error:
            _log.info("an act was refused", extra={"act": act, "reason": str(error)})
            fault = {"error": str(error), "hint": error.hint, "kind": _root(error)}
            return _reply(start_response, "409 Conflict", fault)
        return _reply(start_response, "200 OK", {"rows": [list(row) for row in rows]})


def _root(error: Exception) -> str:
    return next(kind.__name__ for kind in KINDS if isinstance(error, kind))


def _fields(environ: dict[str, Any]) -> dict[str, Any] | None:
    length = str(environ.get("CONTENT_LENGTH", ""))
    if not (length.isascii() and length.isdigit()) or int(length) > BODY_BYTES_MAX:
        return None
    try:
        fields = json.loads(environ["wsgi.input"].read(int(length)))
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _reply(
    start_response: Any,  # noqa: ANN401
    status: str,
    answer: object,
) -> list[bytes]:
    body = json.dumps(answer, ensure_ascii=False).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
