"""Whatever a link does, in the end all hold what is meant for them, once."""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.driver import UpstreamDriver
from sync.protocol.batching import BatchSize
from sync.protocol.cursors import decode_up, up_key
from sync.transports.memory import Fault
from tests.support.tree import (
    CITY,
    OTHER_PATH,
    OTHER_VILLAGE,
    PARENTS,
    PATH,
    STREET,
    VILLAGE,
    Tree,
    restored,
)

LINKS = (VILLAGE, OTHER_VILLAGE, STREET)
CASES_OF = {
    CITY: (PATH, OTHER_PATH),
    STREET: (PATH, OTHER_PATH),
    VILLAGE: (PATH,),
    OTHER_VILLAGE: (OTHER_PATH,),
}


@dataclass(frozen=True)
class Write:
    """Some records are written at one node about cases of one village."""

    unit: str
    path: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class Session:
    """A node calls its parent while these things go wrong, one exchange after the other."""

    unit: str
    faults: tuple[Fault | None, ...]


@dataclass(frozen=True)
class Restart:
    """A node's program begins anew: everything not in its store is forgotten."""

    unit: str


faults = st.none() | st.builds(
    Fault,
    request_bytes=st.none() | st.integers(0, 6_000),
    is_cut_visible=st.booleans(),
    answer_bytes=st.none() | st.integers(0, 6_000),
)
writes = st.sampled_from(sorted(CASES_OF)).flatmap(
    lambda unit: st.builds(
        Write, st.just(unit), st.sampled_from(CASES_OF[unit]), st.integers(1, 25)
    )
)
sessions = st.builds(Session, st.sampled_from(LINKS), st.lists(faults, max_size=6).map(tuple))
restarts = st.builds(Restart, st.sampled_from(LINKS))
histories = st.lists(writes | sessions | restarts, max_size=14)


class World:
    """A tree whose links use the smallest batches, so that a session has many exchanges."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.drivers: dict[str, UpstreamDriver] = {}
        self.written: dict[str, list[str]] = {VILLAGE: [], OTHER_VILLAGE: []}
        self._faults: dict[str, list[Fault | None]] = {unit: [] for unit in LINKS}

    def play(self, step: Write | Session | Restart) -> None:
        match step:
            case Write(unit, path, count):
                records = self.tree[unit].write(count, path=path)
                self.written[path[-1]] += [record.id for record in records]
            case Session(unit, planned):
                self._faults[unit] = list(planned)
                self._driver(unit).run_once()
                self._faults[unit] = []
            case Restart(unit):
                self.drivers.pop(unit, None)

    def _driver(self, unit: str) -> UpstreamDriver:
        if unit not in self.drivers:
            driver = self.tree.sync(unit, self._next_fault(unit))
            driver._machine.batch = BatchSize(4_096)
            self.drivers[unit] = driver
        return self.drivers[unit]

    def _next_fault(self, unit: str) -> Callable[[], Fault | None]:
        return lambda: self._faults[unit].pop(0) if self._faults[unit] else None

    def check_safety(self) -> None:
        """What a parent confirmed is in its store; no store holds anything twice or aside."""
        for unit in LINKS:
            parent = PARENTS[unit]
            assert parent is not None
            store = self.tree[unit].store
            up = decode_up(store.local(up_key(parent)))
            held = set(self.tree[parent].ids)
            rows = store.changes(0, limit=100_000, skip_origin=parent).rows
            confirmed = [row for row in rows if up and row.seq <= up.seq]
            assert {row.document.id for row in confirmed} <= held
        for node in self.tree.nodes.values():
            assert len(node.ids) == len(set(node.ids))
            aside = node.store.changes(0, limit=10, databases=("quarantine",))
            assert aside.rows == ()

    def check_convergence(self) -> None:
        """Every node holds exactly the records of the cases on whose path it lies."""
        everything = sorted(self.written[VILLAGE] + self.written[OTHER_VILLAGE])
        assert sorted(self.tree[CITY].ids) == everything
        assert sorted(self.tree[STREET].ids) == everything
        assert sorted(self.tree[VILLAGE].ids) == sorted(self.written[VILLAGE])
        assert sorted(self.tree[OTHER_VILLAGE].ids) == sorted(self.written[OTHER_VILLAGE])


@settings(max_examples=60)
@given(histories)
def test_all_converge_and_nothing_confirmed_is_lost_however_links_break(
    history: list[Write | Session | Restart],
) -> None:
    world = World()
    for step in history:
        world.play(step)
        world.check_safety()

    world.tree.settle()

    world.check_safety()
    world.check_convergence()


@settings(max_examples=40)
@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from([VILLAGE, STREET, CITY]),
    st.lists(sessions, max_size=6),
)
def test_a_node_set_back_to_an_old_copy_is_made_whole_by_its_neighbours(
    before: int, after: int, unit: str, broken: list[Session]
) -> None:
    world = World()
    world.play(Write(VILLAGE, PATH, before))
    world.play(Write(CITY, PATH, 2))
    world.tree.settle()
    backup = restored(world.tree[unit].store)
    world.play(Write(VILLAGE, PATH, after))
    world.play(Write(CITY, PATH, 2))
    world.tree.settle()

    world.tree[unit].store = backup()
    for session in broken:
        world.play(session)
    world.tree.settle()
    world.play(Write(VILLAGE, PATH, 1))
    world.tree.settle()

    world.check_safety()
    world.check_convergence()
