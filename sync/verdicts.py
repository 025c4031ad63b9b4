"""What the gate says of records, and what is to be stored of them."""

from dataclasses import dataclass, field

from sync.ports import Document


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that may be stored and passed on."""

    document: Document


@dataclass(frozen=True, slots=True)
class Known:
    """A record that is here already."""

    id: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record set aside.

    Attributes:
        reason: A code of chapter 12 of `docs/protocol.md`.
        document: What is kept of it.
    """

    reason: str
    document: Document


Verdict = Accepted | Known | Quarantined


@dataclass(slots=True)
class Inspection:
    """A judged batch: what to put into the store, all of it in one transaction.

    Attributes:
        verdicts: One for each record, in order.
        documents: Accepted and quarantined documents that are not in the store yet.
        local: Feeds and counts that go with them.
        expect: What those local documents were; pass it on, so that two batches cannot both
            follow on from the same place.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    local: dict[str, bytes | None] = field(default_factory=dict)
    expect: dict[str, bytes | None] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """How many records were new and good."""
        return sum(isinstance(verdict, Accepted) for verdict in self.verdicts)

    @property
    def quarantined(self) -> tuple[tuple[str, str], ...]:
        """Id and reason of each record set aside."""
        return tuple(
            (verdict.document.id, verdict.reason)
            for verdict in self.verdicts
            if isinstance(verdict, Quarantined)
        )
