"""The machine dies while a form is filled in: what was saved is there, and nothing else is."""

import subprocess
import sys
from pathlib import Path

from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes
from tests.architecture.source_tree import ROOT
from web.drafts import Drafts

SECRET = bytes(range(32))
_WRITER = """
import sys, time
from pathlib import Path
from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes
from web.drafts import Draft, Drafts

store = SqliteStore.open(Path(sys.argv[1]), random_bytes)
drafts = Drafts(store, bytes(range(32)), random_bytes)
drafts.save("w1", Draft("a" * 32, "MZ-006", 1, {"f.name": "李春梅"}))
print("saved", flush=True)
sys.stdin.read()
"""


def test_a_draft_is_there_after_the_program_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        told = program.stdout.readline()
        program.kill()
    store = SqliteStore.open(path, random_bytes)

    found = Drafts(store, SECRET, random_bytes).load("w1", "a" * 32)
    store.close()

    assert told == "saved\n"
    assert found is not None
    assert found.values == {"f.name": "李春梅"}
