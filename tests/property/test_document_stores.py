"""The durable store and the one in memory tell the same of documents, whatever is done."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sync.couch_ports import DocumentStore
from sync.couch_values import Attachment, AttachmentStub, IdRange, Limits, Revision
from sync.errors import StoreError
from sync.ports import Document
from sync.stores.memory import MemoryStore
from sync.stores.sqlite import SqliteStore

LIMITS = Limits(leaves=4)
DATABASES = st.sampled_from(["cases", "letters", "none"])
NAMES = st.sampled_from(["a", "b", "收件"])
DIGESTS = st.sampled_from(["0", "f", "0" * 16, "f" * 32])
REVS = st.builds(lambda number, digest: f"{number}-{digest}", st.integers(1, 5), DIGESTS)
BODIES = st.sampled_from([b"{}", b'{"n":1}', b"[]", '{"甲":"乙"}'.encode()])
BRINGS = st.builds(
    Attachment,
    st.sampled_from(["scan", "note"]),
    st.just("text/plain"),
    st.sampled_from([b"", b"one", b"two"]),
    revpos=st.integers(0, 3),
)
STUBS = st.builds(AttachmentStub, st.sampled_from(["scan", "note"]), revpos=st.integers(0, 3))
ATTACHMENTS = st.lists(BRINGS | STUBS, max_size=2).map(tuple)


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, ...]:
    """A history of up to four generations."""
    newest = draw(st.integers(1, 5))
    oldest = draw(st.integers(max(1, newest - 3), newest))
    return tuple(f"{number}-{draw(DIGESTS)}" for number in range(newest, oldest - 1, -1))


GIVEN = st.builds(Revision, NAMES, histories(), st.booleans(), BODIES, ATTACHMENTS)
PARENTS = st.lists(REVS, max_size=1).map(tuple)
EDITS = st.builds(Revision, NAMES, PARENTS, st.booleans(), BODIES, ATTACHMENTS)


class TwoDocumentStores(RuleBasedStateMachine):
    """Do everything to both and compare what they say, errors included."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store.sqlite"
        self.durable = SqliteStore.open(self.path, random.Random(3).randbytes, limits=LIMITS)
        self.model = MemoryStore(random.Random(3).randbytes, limits=LIMITS)
        self.same(lambda store: store.create_database("letters"))

    def same(self, ask: Callable[[DocumentStore], object]) -> object:
        """The answer both give, or the words in which both refuse."""
        answers = []
        for store in (self.model, self.durable):
            try:
                answers.append((ask(store), ""))
            except StoreError as error:
                answers.append((type(error), str(error)))
        assert answers[0] == answers[1]
        return answers[0][0]

    @rule(name=DATABASES, revisions=st.lists(GIVEN, max_size=3))
    def give(self, name: str, revisions: list[Revision]) -> None:
        self.same(lambda store: store.write(name, revisions, new_edits=False))

    @rule(name=DATABASES, revisions=st.lists(EDITS, max_size=2))
    def edit(self, name: str, revisions: list[Revision]) -> None:
        self.same(lambda store: store.write(name, revisions, new_edits=True))

    @rule(
        name=DATABASES,
        document_id=NAMES,
        which=st.integers(0, 3),
        deleted=st.booleans(),
        attachments=ATTACHMENTS,
    )
    def edit_a_leaf(
        self,
        name: str,
        document_id: str,
        which: int,
        deleted: bool,
        attachments: tuple[Attachment | AttachmentStub, ...],
    ) -> None:
        if name in self.model.databases():
            leaves = self.model.leaves(name, document_id)
            parent = (leaves[which % len(leaves)].rev,) if leaves else ()
            change = Revision(document_id, parent, deleted, b'{"n":2}', attachments)
            self.same(lambda store: store.write(name, [change], new_edits=True))

    @rule(names=st.lists(NAMES, max_size=2), digit=st.sampled_from("0f"))
    def put(self, names: list[str], digit: str) -> None:
        documents = [
            Document("cases", name, f"1-{digit * 32}", b"{}", ("unit:1",)) for name in names
        ]
        for store in (self.model, self.durable):
            store.put(documents)

    @rule(name=DATABASES, document_id=NAMES, revs=st.lists(REVS, max_size=2))
    def purge(self, name: str, document_id: str, revs: list[str]) -> None:
        self.same(lambda store: store.purge(name, {document_id: revs}))

    @rule(name=DATABASES, limit=st.integers(0, 4))
    def set_revs_limit(self, name: str, limit: int) -> None:
        self.same(lambda store: store.set_revs_limit(name, limit))

    @rule(name=DATABASES)
    def compact(self, name: str) -> None:
        self.same(lambda store: store.compact(name))

    @rule(name=DATABASES)
    def delete_database(self, name: str) -> None:
        self.same(lambda store: store.delete_database(name))

    @rule(name=DATABASES)
    def create_database(self, name: str) -> None:
        self.same(lambda store: store.create_database(name))

    @rule(
        name=DATABASES,
        rev=st.sampled_from([None, "0-1", "0-2"]),
        body=st.sampled_from([None, b"{}", b"[]"]),
        checked=st.booleans(),
    )
    def change_a_local(
        self, name: str, rev: str | None, body: bytes | None, checked: bool
    ) -> None:
        if body is None:
            self.same(lambda store: store.delete_local(name, "mark", rev=rev, checked=checked))
        else:
            self.same(
                lambda store: store.put_local(name, "mark", body, rev=rev, checked=checked)
            )

    @rule(
        name=DATABASES, document_id=NAMES, revs=st.lists(REVS, max_size=3), latest=st.booleans()
    )
    def open_revisions(
        self, name: str, document_id: str, revs: list[str], latest: bool
    ) -> None:
        self.same(lambda store: store.open_revisions(name, document_id, revs, latest=latest))
        self.same(lambda store: store.missing_revisions(name, {document_id: revs}))

    @rule(
        name=DATABASES,
        since=st.integers(0, 12),
        limit=st.integers(0, 4),
        descending=st.booleans(),
        style=st.sampled_from(["main_only", "all_docs"]),
        document_ids=st.none() | st.lists(NAMES, max_size=3),
    )
    def feed(self, name: str, since: int, limit: int, **more: object) -> None:
        self.same(lambda store: store.feed(name, since, limit=limit, **more).rows)  # type: ignore[arg-type]

    @rule(
        name=DATABASES,
        span=st.builds(
            IdRange,
            st.none() | NAMES,
            st.none() | NAMES,
            st.booleans(),
            st.none() | st.integers(0, 3),
            st.integers(0, 2),
            st.booleans(),
        ),
    )
    def rows(self, name: str, span: IdRange) -> None:
        self.same(lambda store: store.rows(name, span))
        self.same(lambda store: store.local_rows(name, span))

    @rule()
    def open_again(self) -> None:
        self.durable.close()
        self.durable = SqliteStore.open(self.path, random.Random(4).randbytes, limits=LIMITS)

    @invariant()
    def documents_are_the_same_in_every_detail(self) -> None:
        names = self.same(lambda store: store.databases())
        assert isinstance(names, tuple)
        for name in names:
            self.same(lambda store, name=name: whole(store, name))  # type: ignore[misc]

    def teardown(self) -> None:
        findings = self.durable.quick_check()
        self.durable.close()
        self.folder.cleanup()

        assert findings == ()


def whole(store: DocumentStore, name: str) -> object:
    """Everything that a store tells of one database, but for sizes and times."""
    info = store.describe(name)
    page = store.feed(name, 0, limit=100, style="all_docs")
    leaves = {row.id: store.leaves(name, row.id) for row in page.rows}
    contents = {
        (row.id, leaf.rev, stub.name): read_all(store, name, (row.id, leaf.rev, stub.name))
        for row in page.rows
        for leaf in leaves[row.id]
        for stub in leaf.attachments
    }
    counts = (info.doc_count, info.doc_del_count, info.update_seq, info.purge_seq)
    return counts, info.revs_limit, page, leaves, contents


def read_all(store: DocumentStore, name: str, of: tuple[str, str, str]) -> bytes:
    """The bytes of an attachment that is there."""
    found = store.attachment(name, *of)
    assert found is not None
    return b"".join(found.pieces())


TestTwoDocumentStores = TwoDocumentStores.TestCase
TestTwoDocumentStores.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None
)
