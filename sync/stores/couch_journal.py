"""The tail of the log in the cluster: read by a quorum, written by compare and set.

A writer puts the new tail under the revision that it knows; CouchDB takes it from one writer
and answers 409 to the others. What a quorum did not acknowledge (202, an answer that was lost)
is looked for under its token and pressed until a quorum has it, or the put fails.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

from sync.errors import ClusterUnavailableError, StoreError
from sync.stores.couch_client import Ask, CouchClient, Reply, database_path, json_text
from sync.stores.couch_log import (
    Commit,
    Segment,
    decode_segment,
    encode_segment,
    extended,
    reconciled,
    segment_id,
)

_OK = 200
_CREATED = 201
_ACCEPTED = 202
_UNCHANGED = 304
_CONFLICT = 409
_OTHERS_MAX = 50

_log = logging.getLogger(__name__)


class Journal:
    """One log in one database of the cluster."""

    def __init__(self, client: CouchClient, database: str, quorum: str) -> None:
        """Take the database; `quorum` is how many copies must agree, empty: CouchDB decides."""
        self._client = client
        self._database = database
        self._reading = {"r": quorum} if quorum else {}
        self._writing = {"w": quorum} if quorum else {}

    def read(self, number: int, known_rev: str = "") -> Segment | None:
        """A segment as a quorum has it; None if it is not there, or still at `known_rev`.

        Raises:
            ClusterUnavailableError, StoreError: It cannot be read, or is damaged.
        """
        headers = {"If-None-Match": f'"{known_rev}"'} if known_rev else {}
        ask = Ask(
            "GET", self._path(number), {**self._reading, "conflicts": "true"}, None, headers
        )
        reply = self._client.ask(ask)
        if reply.is_absent or reply.status == _UNCHANGED:
            return None
        if reply.status != _OK:
            raise StoreError(f"the log cannot be read: {reply.fault}")
        others = reply.value.get("_conflicts", [])
        if known_rev and reply.value.get("_rev") == known_rev and not others:
            return None
        segment = decode_segment(number, reply.value)
        if not others:
            return segment
        return reconciled(segment, [*self._others(number, others[:_OTHERS_MAX])])

    def begin(self, first: Segment) -> None:
        """Write the first segment, unless another process was faster.

        Raises:
            ClusterUnavailableError, StoreError: It cannot be written.
        """
        body = encode_segment(first)
        reply = self._client.ask(Ask("PUT", self._path(first.number), self._writing, body))
        if reply.status == _ACCEPTED:
            self._press(first.number)
        elif reply.status not in {_CREATED, _CONFLICT}:
            raise StoreError(f"the log cannot be begun: {reply.fault}")

    def append(self, tail: Segment, commit: Commit) -> Segment | None:
        """The tail with the put in it, once a quorum has it; None if another put came first.

        Raises:
            ClusterUnavailableError: No quorum acknowledged it in time. It may be there.
            StoreError: It is too large, or the cluster does not take it.
        """
        grown = extended(tail, commit)
        fields = json.loads(encode_segment(grown))
        body = json_text({**fields, "_rev": grown.rev} if grown.rev else fields)
        ask = Ask("PUT", self._path(grown.number), self._writing, body)
        patience = self._client.patience()
        while True:
            try:
                reply = self._client.attempt(ask)
            except ClusterUnavailableError:
                if not patience.wait():
                    raise
                found = self._find(grown.number, commit.token)
                if found is not None:
                    return found
                continue
            if reply.status == _CREATED:
                return replace(grown, rev=_rev_of(reply))
            if reply.status in {_ACCEPTED, _CONFLICT}:
                # A conflict may be with ourselves: the answer to an earlier attempt was lost.
                return self._find(grown.number, commit.token)
            raise StoreError(f"the log cannot be written: {reply.fault}")

    def drop(self, segment: Segment) -> None:
        """Take away the revisions beside the winner, whose lines were entered again.

        Raises:
            ClusterUnavailableError, StoreError: They cannot be.
        """
        documents = [
            {"_id": segment_id(segment.number), "_rev": rev, "_deleted": True}
            for rev in segment.others
        ]
        path = database_path(self._database, "_bulk_docs")
        self._client.ask(Ask("POST", path, self._writing, json_text({"docs": documents})))

    def _find(self, number: int, token: str) -> Segment | None:
        """The segment, pressed to a quorum, if the put of this token is in it."""
        segment = self.read(number)
        if segment is None or token not in segment.tokens:
            return None
        self._press(number)
        return segment

    def _press(self, number: int) -> None:
        """Write what is there once more under the same revision, until a quorum has it."""
        query = {**self._reading, "revs": "true"}
        reply = self._client.ask(Ask("GET", self._path(number), query))
        if reply.status != _OK:
            raise ClusterUnavailableError(f"the log cannot be read again: {reply.fault}")
        body = json_text({"new_edits": False, "docs": [reply.value]})
        path = database_path(self._database, "_bulk_docs")
        patience = self._client.patience()
        while True:
            reply = self._client.ask(Ask("POST", path, self._writing, body))
            if reply.status == _CREATED and not reply.value:
                return
            if not patience.wait():
                raise ClusterUnavailableError("no quorum of the cluster took the put")

    def _others(self, number: int, revs: list[str]) -> Iterator[Segment]:
        for rev in revs:
            query = {**self._reading, "rev": rev}
            reply = self._client.ask(Ask("GET", self._path(number), query))
            if reply.status != _OK:
                raise ClusterUnavailableError(f"revision {rev} of the log: {reply.fault}")
            yield decode_segment(number, reply.value)

    def _path(self, number: int) -> str:
        return database_path(self._database, segment_id(number))


def _rev_of(reply: Reply) -> str:
    rev = reply.value.get("rev") if isinstance(reply.value, dict) else None
    if not isinstance(rev, str):
        raise StoreError("the cluster answered a put without a revision")
    return rev
