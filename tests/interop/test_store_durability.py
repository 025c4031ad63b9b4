"""What was acknowledged is there, whatever befalls the process or its disk."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sync.errors import StoreFullError
from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes
from tests.support.stores import document, ids

ROOT = Path(__file__).parents[2]
KILLS = 12


def writer(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.support.store_writer", *arguments]


def run(*arguments: str) -> str:
    """Run the writer to its end and give what it said."""
    done = subprocess.run(
        writer(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def kill_after(path: Path, first: int, acknowledgements: int) -> int:
    """Let a process write, kill it in the midst, and give the last document it acknowledged."""
    with subprocess.Popen(
        writer("keep_putting", str(path), str(first)), cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        acknowledged = first - 1
        for _ in range(acknowledgements):
            line = process.stdout.readline().decode().strip()
            acknowledged = int(line) if line.isdigit() else acknowledged
        os.kill(process.pid, signal.SIGKILL)
        # What it still said before the signal met it counts as acknowledged too.
        said = [line for line in process.stdout.read().split() if line.isdigit()]
        return int(said[-1]) if said else acknowledged


def test_every_acknowledged_put_survives_a_kill_at_a_random_moment(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    dice = random.Random(8841)
    present = 0

    for _ in range(KILLS):
        acknowledged = kill_after(path, present, dice.randint(0, 40))
        if not path.exists():
            continue
        store = SqliteStore.open(path, random_bytes)
        names = ids(store.changes(0, limit=10_000))
        head = store.local("head")
        findings = store.quick_check()
        last_seq = store.last_seq
        store.close()
        present = len(names)

        assert findings == ()
        assert names == [str(number) for number in range(present)]
        assert present > acknowledged
        assert last_seq == present
        assert head == (str(present - 1).encode() if present else None)

    assert present > KILLS


def test_a_second_process_is_refused_in_one_line_until_the_first_is_done(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.sqlite"
    store = SqliteStore.open(path, random_bytes)

    refused = run("open", str(path))
    store.close()
    allowed = run("open", str(path))

    assert refused == (
        f"{path} is in use by process {os.getpid()}. "
        "Stop the other program first, or open the store for reading only."
    )
    assert allowed == "opened"


def test_a_second_process_may_read_while_the_first_writes(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with subprocess.Popen(
        writer("keep_putting", str(path), "0"), cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        acknowledged = [int(process.stdout.readline()) for _ in range(20)][-1]

        reader = SqliteStore.open_for_reading(path)
        names = ids(reader.changes(0, limit=10_000))
        reader.close()
        process.kill()

    assert names == [str(number) for number in range(len(names))]
    assert len(names) > acknowledged


def test_a_file_that_may_not_grow_refuses_puts_and_goes_on_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"

    line, refused, read, last_seq, findings = json.loads(run("fill", str(path)))

    assert line == f"{path} cannot grow: nothing was written"
    assert read == refused > 0
    assert last_seq == refused + 1
    assert findings == []
    store = SqliteStore.open(path, random_bytes)
    assert len(store.changes(0, limit=10_000).rows) == refused + 1
    store.close()


@pytest.mark.parametrize("batch", [1, 50])
def test_a_full_disk_refuses_the_whole_put_and_keeps_what_was_there(
    tmp_path: Path, batch: int
) -> None:
    store = SqliteStore.open(tmp_path / "store.sqlite", random_bytes)
    assert store._connection is not None
    store._connection.execute("PRAGMA max_page_count = 60")

    put = puts_until_full(store, batch)

    assert store.last_seq == put * batch == len(store.changes(0, limit=10_000).rows)
    assert store.local("head") == (str(put - 1).encode() if put else None)
    store._connection.execute("PRAGMA max_page_count = 1000000")
    assert store.put([document("afterwards")]) == put * batch + 1
    assert store.quick_check() == ()
    store.close()


def puts_until_full(store: SqliteStore, batch: int) -> int:
    """Put batches, each with a head that follows the last one, and count those that went in."""
    for put in range(1000):
        documents = [
            document(f"{put}-{part}", {"record": random_bytes(500).hex()})
            for part in range(batch)
        ]
        last = str(put - 1).encode() if put else None
        try:
            store.put(documents, {"head": str(put).encode()}, expect={"head": last})
        except StoreFullError:
            return put
    raise AssertionError("the disk was never full")


def test_the_log_is_synced_at_every_commit(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "store.sqlite", random_bytes)
    assert store._connection is not None

    asked = [
        store._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    ]

    assert asked == ["wal", 2, 1]
    store.close()


def test_a_store_that_finds_no_room_to_be_made_leaves_none_behind(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    tiny = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192));"
        "sys.argv = ['writer', 'open', sys.argv[1]];"
        "import runpy; runpy.run_module('tests.support.store_writer', run_name='__main__')"
    )

    done = subprocess.run(
        [sys.executable, "-c", tiny, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert "cannot grow: nothing was written" in done.stdout, done.stderr
    assert not path.exists()
    assert run("open", str(path)) == "opened"
