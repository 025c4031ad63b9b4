"""Documents in the databases of a cluster: written by a quorum in bounded batches, read back.

They are CouchDB's own documents, id, revision and body, and nothing else: whatever replicates
these databases makes a copy that any store can read.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from sync.errors import ClusterUnavailableError, StoreError
from sync.ports import Document
from sync.stores.couch_client import Ask, ClusterSettings, CouchClient, json_text

BATCH_DOCUMENTS = 500
"""As the replicators of CouchDB do."""
BATCH_BYTES = 4 * 1024 * 1024
_CREATED = 201
_ACCEPTED = 202
_OK = 200
_PERMANENT = frozenset(
    {
        "bad_request",
        "doc_validation",
        "document_too_large",
        "forbidden",
        "illegal_docid",
        "unauthorized",
    }
)
_TOO_LARGE = 413
_EXISTS = 412
_PARTLY = 417
LOG = "log"


class Bodies:
    """The databases of one hub."""

    def __init__(self, client: CouchClient, settings: ClusterSettings) -> None:
        self._client = client
        self._settings = settings
        self._known: set[str] = set()
        self.quorum = ""

    def name(self, database: str) -> str:
        """The name of a database in the cluster."""
        return self._settings.prefix + database

    def prepare(self, database: str) -> str:
        """Make sure of a database: created with its shards, copies and rights; gives its name.

        Raises:
            ClusterUnavailableError: The cluster did not answer.
            StoreError: It is not there and the account may not create it.
        """
        name = self.name(database)
        if name in self._known:
            return name
        path = quote(name, safe="")
        reply = self._client.ask(Ask("GET", path))
        if reply.status != _OK:
            self._create(name, path)
            reply = self._client.ask(Ask("GET", path))
        copies = reply.value.get("cluster", {}).get("n")
        if isinstance(copies, int) and copies > 0:
            self.quorum = str(copies // 2 + 1)
        self._known.add(name)
        return name

    def count(self, database: str) -> int:
        """How many documents a database has."""
        path = quote(self.prepare(database), safe="")
        found = self._client.ask(Ask("GET", path)).value.get("doc_count")
        return found if isinstance(found, int) else 0

    def write(self, documents: Sequence[Document]) -> None:
        """Store documents under their revisions; a quorum has them when this returns.

        Raises:
            ClusterUnavailableError: No quorum took them in time. Some may be there.
            StoreError: The cluster does not take one of them.
        """
        for database in dict.fromkeys(document.database for document in documents):
            name = self.prepare(database)
            chosen = [one for one in documents if one.database == database]
            for batch in _batches(chosen):
                self._write_batch(name, batch)

    def read(self, wanted: Sequence[Document]) -> list[Document]:
        """The same documents with their bodies.

        Raises:
            ClusterUnavailableError: One of them cannot be had at present.
            StoreError: The cluster gives something else.
        """
        bodies: dict[tuple[str, str, str], bytes] = {}
        for database in dict.fromkeys(document.database for document in wanted):
            chosen = [one for one in wanted if one.database == database]
            for start in range(0, len(chosen), BATCH_DOCUMENTS):
                batch = chosen[start : start + BATCH_DOCUMENTS]
                bodies.update(self._read_batch(self.prepare(database), batch))
        return [
            Document(
                one.database,
                one.id,
                one.rev,
                bodies[one.database, one.id, one.rev],
                one.tags,
                one.origin,
            )
            for one in wanted
        ]

    def rows(self, database: str, since: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Pages of a database's changes: where to go on, and (id, revision) of each leaf.

        Rows may repeat, and after a shard was moved come again from far back; that is for the
        caller to bear.
        """
        name = self.prepare(database)
        while True:
            query = {"since": since, "limit": str(BATCH_DOCUMENTS), "style": "all_docs"}
            reply = self._client.ask(Ask("GET", f"{quote(name, safe='')}/_changes", query))
            if reply.status != _OK:
                raise StoreError(f"the changes of {name} cannot be read: {reply.fault}")
            found = reply.value.get("results", [])
            since = _opaque(reply.value.get("last_seq", since))
            leaves = [
                (str(row["id"]), str(change["rev"]))
                for row in found
                for change in row["changes"]
                if row["id"] and not row.get("deleted")
            ]
            yield since, leaves
            if len(found) < BATCH_DOCUMENTS:
                return

    def _create(self, name: str, path: str) -> None:
        query = {"q": str(self._settings.q), "n": str(self._settings.n)}
        reply = self._client.ask(Ask("PUT", path, query))
        if reply.status not in {_CREATED, _ACCEPTED, _EXISTS}:
            raise StoreError(f"the database {name} cannot be created: {reply.fault}")
        if reply.status == _EXISTS:
            return
        # Only the account of this hub and the administrators of the cluster.
        people = {"names": [self._settings.user], "roles": ["_admin"]}
        security = json_text({"admins": people, "members": people})
        self._client.ask(Ask("PUT", f"{path}/_security", body=security))

    def _write_batch(self, name: str, batch: Sequence[Document]) -> None:
        body = b'{"new_edits":false,"docs":[' + b",".join(map(_with_revision, batch)) + b"]}"
        query = {"w": self.quorum} if self.quorum else {}
        ask = Ask("POST", f"{quote(name, safe='')}/_bulk_docs", query, body)
        patience = self._client.patience()
        while True:
            reply = self._client.ask(ask)
            if reply.status == _TOO_LARGE and len(batch) > 1:
                middle = len(batch) // 2
                self._write_batch(name, batch[:middle])
                self._write_batch(name, batch[middle:])
                return
            if _is_stored(name, reply.status, reply.value, reply.fault):
                return
            if not patience.wait():
                raise ClusterUnavailableError(
                    f"no quorum of the cluster took a batch of {name}"
                )

    def _read_batch(
        self, name: str, batch: Sequence[Document]
    ) -> dict[tuple[str, str, str], bytes]:
        patience = self._client.patience()
        found: dict[tuple[str, str, str], bytes] = {}
        lacking = list(batch)
        while True:
            docs = [{"id": one.id, "rev": one.rev} for one in lacking]
            path = f"{quote(name, safe='')}/_bulk_get"
            reply = self._client.ask(Ask("POST", path, body=json_text({"docs": docs})))
            if reply.status != _OK:
                raise StoreError(f"documents of {name} cannot be read: {reply.fault}")
            given = dict(_given(reply.value))
            for one in lacking:
                if (one.id, one.rev) in given:
                    found[one.database, one.id, one.rev] = given[one.id, one.rev]
            lacking = [one for one in lacking if (one.id, one.rev) not in given]
            if not lacking:
                return found
            # The log names it, so a quorum had it: the copy that answered was behind.
            if not patience.wait():
                first = lacking[0].id
                raise ClusterUnavailableError(
                    f"{len(lacking)} documents of {name} are not to be had, {first} first"
                )


def _is_stored(name: str, status: int, value: Any, fault: str) -> bool:  # noqa: ANN401
    if status not in {_CREATED, _ACCEPTED, _PARTLY} or not isinstance(value, list):
        raise StoreError(f"a batch of {name} was not taken: {fault}")
    errors = [row for row in value if isinstance(row, dict) and row.get("error")]
    for row in errors:
        if row["error"] in _PERMANENT:
            raise StoreError(
                f"document {row.get('id')!r:.80} of {name} was not taken: {row['error']!r:.40}"
            )
    return status == _CREATED and not errors


def _batches(documents: Sequence[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    size = 0
    for document in documents:
        size += len(document.body)
        if batch and (len(batch) == BATCH_DOCUMENTS or size > BATCH_BYTES):
            yield batch
            batch, size = [], len(document.body)
        batch.append(document)
    if batch:
        yield batch


def _with_revision(document: Document) -> bytes:
    # The body is one JSON object, checked: its text goes on behind our two keys.
    rest = document.body.strip()[1:].lstrip()
    names = json_text({"_id": document.id, "_rev": document.rev})[:-1]
    return names + (b"" if rest.startswith(b"}") else b",") + rest


def _given(value: Any) -> Iterator[tuple[tuple[str, str], bytes]]:  # noqa: ANN401
    for result in value.get("results", []):
        for entry in result.get("docs", []):
            document = entry.get("ok")
            if isinstance(document, dict):
                name = str(document["_id"]), str(document["_rev"])
                body = {key: item for key, item in document.items() if not key.startswith("_")}
                yield name, json_text(body)


def _opaque(last_seq: object) -> str:
    return last_seq if isinstance(last_seq, str) else json.dumps(last_seq)
