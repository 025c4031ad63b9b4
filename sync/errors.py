"""Everything that can go wrong while documents are stored or carried.

The types are split by what the catcher does: ask a person (`StoreError`), decide again on fresh
facts (`StoreConflictError`), make room (`StoreFullError`), try again (`TransportError`), stop
and report the peer (`PeerProtocolError`), explain to the operator what the peer said
(`RefusedError`).
"""


class SyncError(Exception):
    """Root of this package's errors; never raised itself.

    `hint` tells the operator in one sentence what to do. It is empty where nothing helps.
    """

    hint = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        if hint:
            self.hint = hint


class StoreError(SyncError):
    """The store refused the call, or its file cannot be used; nothing was written."""


class StoreConflictError(StoreError):
    """A local document no longer has the value the caller expected; nothing was written."""

    hint = "Read the local document again and decide anew."


class StoreFullError(StoreError):
    """The disk took no more bytes; nothing was written and the store goes on serving reads."""

    hint = "Free space on the disk, then repeat; if there is enough of it, check the disk."


class ClusterUnavailableError(StoreError):
    """The cluster that holds the store did not answer, or no quorum of it did.

    What was to be written may have been stored all the same: nothing was acknowledged, and to
    repeat it is harmless.
    """

    hint = "Look at the nodes of the cluster; nothing acknowledged is lost, and it is retried."


class UnknownDatabaseError(StoreError):
    """The store has no database of that name."""

    hint = "Create the database first, or check its name."


class DocumentRefusedError(StoreError):
    """What a client asked of a database makes no sense or is too large; nothing was written.

    Attributes:
        code: CouchDB's word for it: `bad_request`, `illegal_docid`, `attachment_too_large`...
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LogError(SyncError):
    """The files of a log are damaged, or do not fit the store; nothing was signed."""

    hint = "Keep the folder as evidence; run `postroad audit verify` and tell the unit above."


class TransportError(SyncError):
    """The link broke or was silent for too long: nothing is known of the peer; try again."""

    hint = "Nothing is lost; the session is repeated when the link is back."


class PeerProtocolError(SyncError):
    """The peer broke the protocol: stop the session and report the peer."""

    hint = "Compare the program versions at both ends and report the peer to IT staff."


class RefusedError(SyncError):
    """The peer understood and said no, with a typed code that screens explain.

    Attributes:
        code: Machine-readable reason, lowercase words joined by underscores.
    """

    hint = "Ask the IT staff of the unit above."

    def __init__(self, code: str, message: str = "", *, hint: str = "") -> None:
        super().__init__(message or f"the peer refused: {code}", hint=hint)
        self.code = code
