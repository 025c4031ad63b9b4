"""A mark beside the store that tells whether the store was lost or set back.

The store itself cannot know that it is an older copy. The mark lies outside the data folder, so
that whoever restores or removes that folder leaves it in place. Until the hub above has sent
back what it knows, a node whose store is behind its mark writes nothing: it would give numbers
and feed positions a second time.
"""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from sync.ports import Store

_log = logging.getLogger(__name__)

BYTES_MAX = 4096
FILE = "store-mark.json"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the store was when it was last seen whole."""

    incarnation: str
    seq: int


class StoreMark:
    """The mark of one installation, a small file that is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        """Take the file; it need not exist."""
        self._path = path

    def is_behind(self, store: Store) -> bool:
        """Tell whether the store is another one, or an older copy, than the mark says.

        Without a mark the installation is new. A mark that cannot be read says nothing either,
        and is written anew.
        """
        mark = self._read()
        if mark is None:
            return False
        return mark.incarnation != store.incarnation or mark.seq > store.last_seq

    def set(self, store: Store) -> None:
        """Note how far the store is."""
        mark = Mark(store.incarnation, store.last_seq)
        if mark == self._read():
            return
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(mark)), encoding="utf-8")
        fresh.replace(self._path)

    def _read(self) -> Mark | None:
        try:
            with self._path.open("rb") as file:
                stored = json.loads(file.read(BYTES_MAX))
            return Mark(str(stored["incarnation"]), int(stored["seq"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            _log.warning(
                "the mark of the store cannot be read", extra={"file": str(self._path)}
            )
            return None
