"""A process that writes a store until it is killed, or until its disk is full.

`keep_putting PATH FIRST` puts documents FIRST, FIRST+1 ... in batches of one to seven and names
the last one on standard output once it is acknowledged. `fill PATH` allows itself no file much
larger than the store is, puts until that is refused, and tells what it met. `open PATH` opens
the store for writing and says what came of it.
"""

import json
import resource
import sys
from itertools import count
from pathlib import Path

from sync.errors import StoreError, StoreFullError
from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes
from tests.support.stores import VILLAGE, document


def keep_putting(path: Path, first: int) -> None:
    """Put and acknowledge for ever; the head is set in the transaction of its document."""
    store = SqliteStore.open(path, random_bytes)
    say("open")
    number = first
    for turn in count():
        last = number + turn % 7
        store.put(
            [document(str(name), tags=(VILLAGE,)) for name in range(number, last + 1)],
            {"head": str(last).encode()},
        )
        say(str(last))
        number = last + 1


def fill(path: Path) -> None:
    """Put until the system refuses to let a file grow, then once more when it may."""
    store = SqliteStore.open(path, random_bytes)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
    put, line = 0, ""
    try:
        for put in count():
            store.put([document(str(put), {"record": random_bytes(2000).hex()})])
    except StoreFullError as error:
        line = str(error)
    read = len(store.changes(0, limit=10_000).rows)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    last_seq = store.put([document("afterwards")])
    findings = store.quick_check()
    store.close()
    say(json.dumps([line, put, read, last_seq, findings]))


def open_once(path: Path) -> None:
    """Say whether the store can be opened for writing."""
    try:
        SqliteStore.open(path, random_bytes).close()
        say("opened")
    except StoreError as error:
        say(f"{error}. {error.hint}")


def say(line: str) -> None:
    """One line to the parent, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    file = Path(sys.argv[2])
    if sys.argv[1] == "keep_putting":
        keep_putting(file, int(sys.argv[3]))
    elif sys.argv[1] == "fill":
        fill(file)
    else:
        open_once(file)
