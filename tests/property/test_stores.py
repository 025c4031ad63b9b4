"""The durable store and the one in memory answer alike, whatever is done to them."""

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sync.errors import StoreError
from sync.ports import Change, Document, Store
from sync.stores.memory import MemoryStore
from sync.stores.sqlite import SqliteStore

DATABASES = st.sampled_from(["cases", "keys", "quarantine"])
NAMES = st.sampled_from(["a", "b", "收件", "x" * 512]) | st.sampled_from(["", "_local", "\0"])
DIGITS = st.sampled_from("0f")
REVISIONS = st.builds(lambda n, digit: f"{n}-{digit * 32}", st.sampled_from([1, 2, 10]), DIGITS)
TAGS = st.sampled_from(["unit:1", "unit:2", "case:a", "街"])
TAG_LISTS = st.lists(TAGS, max_size=3, unique=True).map(tuple)
ORIGINS = st.sampled_from(["", "1", "2"])
BODIES = st.dictionaries(
    st.text(max_size=3), st.integers() | st.text(max_size=200), max_size=2
).map(lambda value: json.dumps(value, ensure_ascii=False).encode())
DOCUMENTS = st.lists(
    st.builds(Document, DATABASES, NAMES, REVISIONS, BODIES, TAG_LISTS, ORIGINS), max_size=4
)
KEYS = st.sampled_from(["k", "k1", "k2", "kk", "l"])
LOCALS = st.dictionaries(KEYS, st.none() | st.binary(max_size=4), max_size=2)
CURSORS = st.integers(0, 30)


class TwoStores(RuleBasedStateMachine):
    """Do everything to both and compare what they say, errors included."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store.sqlite"
        self.random_bytes = random.Random(3).randbytes
        self.durable = SqliteStore.open(self.path, self.random_bytes)
        self.model = MemoryStore(self.random_bytes)

    def same(self, ask: Callable[[Store], object]) -> object:
        """The answer both give, or the words in which both refuse."""
        answers = []
        for store in (self.model, self.durable):
            try:
                answers.append((ask(store), ""))
            except StoreError as error:
                answers.append((type(error), str(error)))
        assert answers[0] == answers[1]
        return answers[0][0]

    @rule(documents=DOCUMENTS, local=LOCALS, expect=LOCALS | st.just({}))
    def put(
        self,
        documents: list[Document],
        local: dict[str, bytes | None],
        expect: dict[str, bytes | None],
    ) -> None:
        self.same(lambda store: store.put(documents, local, expect=expect))

    @rule(documents=DOCUMENTS, key=KEYS, value=st.binary(max_size=4))
    def put_over_what_is_there(self, documents: list[Document], key: str, value: bytes) -> None:
        current = self.model.local(key)
        self.same(lambda store: store.put(documents, {key: value}, expect={key: current}))

    @rule(database=DATABASES, name=NAMES)
    def get(self, database: str, name: str) -> None:
        self.same(lambda store: store.get(database, name))

    @rule(
        database=DATABASES,
        asked=st.dictionaries(NAMES, st.lists(REVISIONS | st.just("2-x"), max_size=3)),
    )
    def missing(self, database: str, asked: dict[str, list[str]]) -> None:
        self.same(lambda store: store.missing(database, asked))

    @rule(
        since=CURSORS,
        limit=st.integers(-1, 6),
        tag=st.none() | TAGS | st.just("unknown"),
        databases=st.lists(DATABASES | st.just("audit"), max_size=3).map(tuple),
        skip_origin=st.none() | ORIGINS | st.just("unknown"),
        bytes_max=st.none() | st.integers(0, 300),
    )
    def page(self, since: int, limit: int, **narrowed: object) -> None:
        self.same(
            lambda store: store.changes(since, limit=limit, **narrowed)  # type: ignore[arg-type]
        )

    @rule(
        limit=st.integers(1, 3),
        tag=st.none() | TAGS,
        skip_origin=st.none() | ORIGINS,
        bytes_max=st.none() | st.integers(0, 100),
    )
    def read_to_the_end(
        self, limit: int, tag: str | None, skip_origin: str | None, bytes_max: int | None
    ) -> None:
        whole = self.durable.changes(0, limit=1000, tag=tag, skip_origin=skip_origin)
        rows: list[Change] = []
        since, more = 0, True

        while more:
            page = self.durable.changes(
                since, limit=limit, tag=tag, skip_origin=skip_origin, bytes_max=bytes_max
            )
            rows += page.rows
            assert page.last_seq > since or not page.more
            since, more = page.last_seq, page.more

        assert tuple(rows) == whole.rows
        assert since == whole.last_seq == self.durable.last_seq

    @rule(prefix=st.sampled_from(["", "k", "k1", "z"]))
    def locals(self, prefix: str) -> None:
        self.same(lambda store: list(store.locals(prefix).items()))

    @rule()
    def open_again(self) -> None:
        self.durable.close()
        self.durable = SqliteStore.open(self.path, self.random_bytes)

    @invariant()
    def the_last_number_and_the_feed_agree(self) -> None:
        self.same(lambda store: store.last_seq)
        self.same(lambda store: store.changes(0, limit=1000))

    def teardown(self) -> None:
        findings = self.durable.quick_check()
        self.durable.close()
        self.folder.cleanup()

        assert findings == ()


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(max_examples=40, stateful_step_count=25)
