"""The log of a program: one JSON object a line, ids only, never a name or a key."""

import json
import logging
from pathlib import Path
from typing import Any

_STANDARD = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"))
BYTES_MAX = 16 << 20
BACKUPS = 3


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, and its extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        line: dict[str, Any] = {
            **extra,
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_to(path: Path) -> None:
    """Send the log of this process to a file that rotates at 16 MiB, four files in all."""
    from logging.handlers import RotatingFileHandler  # noqa: PLC0415  # only programs log to files

    handler = RotatingFileHandler(
        path, maxBytes=BYTES_MAX, backupCount=BACKUPS, encoding="utf-8"
    )
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
