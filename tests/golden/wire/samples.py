"""One message of each kind; the files beside this one hold their bytes as first shipped."""

from sync.protocol.messages import Answer, Cursor, Exchange, Message, Refusal

CHILD_STORE = "00112233445566778899aabbccddeeff"
PARENT_STORE = "ffeeddccbbaa99887766554433221100"

MESSAGES: dict[str, Message] = {
    "exchange": Exchange(
        versions=(1, 1),
        unit="120103001001",
        device="120103001001-01",
        incarnation=CHILD_STORE,
        update_seq=1_207,
        since=1_200,
        upto=1_207,
        records=(b"PRD1 first record", b"PRD1 second record"),
        pull=Cursor(PARENT_STORE, 88_412),
        bytes_max=65_536,
        now_ms=1_795_395_900_000,
    ),
    "first_exchange": Exchange(
        versions=(1, 1),
        unit="120103001001",
        device="120103001001-01",
        incarnation=CHILD_STORE,
        update_seq=0,
        since=0,
        upto=0,
        records=(),
        pull=None,
        bytes_max=65_536,
        now_ms=1_795_395_900_000,
    ),
    "answer": Answer(
        version=1,
        unit="120103001000",
        incarnation=PARENT_STORE,
        acked=1_207,
        quarantined=(("ab" * 32, "signature"),),
        records=(b"PRD1 a decision",),
        cursor=Cursor(PARENT_STORE, 88_431),
        more=True,
        interval_s=5,
        now_ms=1_795_395_901_250,
    ),
    "push_only_answer": Answer(
        version=1,
        unit="120103001000",
        incarnation=PARENT_STORE,
        acked=1_207,
        quarantined=(),
        records=(),
        cursor=None,
        more=False,
        interval_s=5,
        now_ms=1_795_395_901_250,
    ),
    "refusal": Refusal("revoked", "device 120103001001-01 was revoked", (1, 1)),
}
