"""One message of each kind; the files beside this one hold their bytes as first shipped."""

from dataclasses import replace

from security.hlc import Hlc
from sync.protocol.compare_messages import Compare, Compared, Message
from sync.protocol.messages import Answer, Cursor, Exchange, Refusal
from sync.protocol.ranges import ROOT, Listing, Prefix, Split
from tests.golden.samples import HEADER, OTHER_DEVICE, OTHER_DEVICE_KEY, PATH, sealed_entry

CHILD_STORE = "00112233445566778899aabbccddeeff"
PARENT_STORE = "ffeeddccbbaa99887766554433221100"

SECOND = replace(HEADER, seq=8, prev=sealed_entry().hash, parents=(sealed_entry().hash,))
THIRD = replace(
    HEADER, type="rekey", case=bytes(16), path=PATH[:2], device=OTHER_DEVICE, epoch=0
)
RECORDS = (
    sealed_entry().raw,
    sealed_entry(header=SECOND).raw,
    sealed_entry(header=THIRD, key=OTHER_DEVICE_KEY).raw,
    sealed_entry(header=replace(HEADER, seq=9, extra={"zone": 1}, hlc=Hlc(5, 0))).raw,
    b"PRD9 of a newer program",
)

MESSAGES: dict[str, Message] = {
    "records": Exchange(
        versions=(1, 1),
        unit="120103001001",
        device="120103001001-01",
        incarnation=CHILD_STORE,
        update_seq=1_207,
        since=1_200,
        upto=1_207,
        records=RECORDS,
        pull=Cursor(PARENT_STORE, 88_412),
        bytes_max=65_536,
        now_ms=1_795_395_900_000,
    ),
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
        held=(b"a word of the street",),
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
    "compare": Compare(
        versions=(1, 1),
        unit="120103001001",
        device="120103001001-01",
        incarnation=CHILD_STORE,
        update_seq=1_207,
        key=bytes(range(16)),
        place=Cursor(PARENT_STORE, 88_412),
        ranges=(Split(ROOT, tuple(range(16))), Split(Prefix(3, 0xABC), (7,) * 16)),
        wanted=(Listing(Prefix(2, 0x1F), (1, 2**64 - 1)),),
        records=(b"PRD1 offered",),
        settle=1_207,
        bytes_max=65_536,
        now_ms=1_795_395_900_000,
    ),
    "compared": Compared(
        version=1,
        unit="120103001000",
        place=Cursor(PARENT_STORE, 88_412),
        held=604,
        entries=(Split(Prefix(1, 4), (9,) * 16), Listing(Prefix(1, 5), (3, 4, 5))),
        done=2,
        given=1,
        quarantined=(("ab" * 32, "fork"),),
        records=(b"PRD1 wanted",),
        settled=False,
        now_ms=1_795_395_901_250,
    ),
}
