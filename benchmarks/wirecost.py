"""What a case costs on the wire, beside the same content pushed in clear by PouchDB.

Ours is counted as the session sends it, frames and grants included; PouchDB's at a relay, both
ways, as ours would be with its answer. A document of PouchDB holds the facts and the body of an
act and is named by case and number, with nothing else.
"""

import json
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import pouch, samples
from benchmarks.badlink import Relay, Shape
from security.records import Record
from sync.protocol.messages import Answer, Cursor, Exchange
from sync.protocol.wire import encode_message

CASES = 100
SEED = 7


@dataclass(frozen=True, slots=True)
class Row:
    """One act in clear: its document, and the bytes of its content as JSON."""

    document: dict[str, object]
    bytes: int


def content(cases: int) -> Iterator[Row]:
    """Give the acts of so many cases in clear."""
    source = random.Random(SEED)
    for _ in range(cases):
        case = source.randbytes(16).hex()
        for number, (facts, body) in enumerate(samples.contents(source)):
            plain = {**facts, **body}
            text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
            yield Row({"_id": f"{case}:{number:02d}", **plain}, len(text.encode()))


def payload_bytes(cases: int) -> int:
    """Give the bytes of a session that carries so many cases over a link without faults."""
    keys, source = samples.tree(), random.Random(3)
    records: list[Record] = []
    for _ in range(cases):
        records += samples.case_records(keys, source, len(records) + 1)
    return len(encode_message(_request(records)))


def run() -> dict[str, object]:
    """Compare bytes a case."""
    plain = sum(row.bytes for row in content(CASES)) / CASES
    ours = (payload_bytes(CASES) + _answer_bytes()) / CASES
    result: dict[str, object] = {
        "cases": CASES,
        "plain_json_bytes_a_case": round(plain),
        "ours_bytes_a_case": round(ours),
        "ours_alone_in_its_message": payload_bytes(1),
        "ours_to_plain": round(ours / plain, 2),
    }
    if pouch.is_here():
        up, down = _pushed()
        result |= {
            "pouchdb_bytes_a_case": round((up + down) / CASES),
            "pouchdb_upward_alone": round(up / CASES),
            "ours_to_pouchdb": round(ours * CASES / (up + down), 2),
            "ours_to_pouchdb_upward_alone": round(ours * CASES / up, 2),
        }
    return result


def _pushed() -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            pouch.our_server(folder / "served.sqlite") as port,
            pouch.Pouch(folder) as client,
            Relay(port, Shape()) as relay,
        ):
            pouch.create(port, "cases")
            client.put("office", [row.document for row in content(CASES)])
            client.push("office", f"http://127.0.0.1:{relay.port}/cases")
            return relay.up, relay.down


def _request(records: list[Record]) -> Exchange:
    count = len(records)
    return Exchange(
        versions=(1, 1),
        unit=samples.VILLAGE,
        device=records[0].header.device,
        incarnation="0" * 32,
        update_seq=count,
        since=0,
        upto=count,
        records=tuple(record.raw for record in records),
        pull=Cursor("1" * 32, 1),
        bytes_max=65_536,
        now_ms=1_795_395_900_000,
        seqs=tuple(range(1, count + 1)),
    )


def _answer_bytes() -> int:
    answer = Answer(
        version=1,
        unit=samples.VILLAGE,
        incarnation="1" * 32,
        acked=CASES,
        quarantined=(),
        records=(),
        cursor=Cursor("1" * 32, 1),
        more=False,
        interval_s=0,
        now_ms=1_795_395_900_000,
    )
    return len(encode_message(answer))
