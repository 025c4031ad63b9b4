"""What sealing costs: bytes of a whole case on the wire, and time per record."""

import json
import random

from benchmarks import samples
from benchmarks.timing import median_s
from security.records import parse, verify
from sync.protocol.messages import Exchange
from sync.protocol.wire import encode_message

REPEATS = 200


def _verify_often(entry: bytes, public: bytes) -> None:
    for _ in range(REPEATS):
        verify(parse(entry), public)


def run() -> dict[str, object]:
    """Compare a case of one intake and seven acts with the same content as plain JSON."""
    keys, source = samples.tree(), random.Random(7)
    records = samples.case_records(keys, source, 1)
    plain = [
        json.dumps({**facts, **body}, ensure_ascii=False).encode()
        for facts, body in samples.contents(random.Random(7))
    ]
    message = Exchange(
        versions=(1, 1),
        unit=samples.VILLAGE,
        device=records[0].header.device,
        incarnation="0" * 32,
        update_seq=len(records),
        since=0,
        upto=len(records),
        records=tuple(record.raw for record in records),
        pull=None,
        bytes_max=0,
        now_ms=0,
    )
    public = keys.units[samples.VILLAGE].device.public
    entry = records[2].raw
    seal_s = median_s(lambda: [samples.case_records(keys, source, 1) for _ in range(20)]) / 20
    parse_s = median_s(lambda: [parse(entry) for _ in range(REPEATS)]) / REPEATS
    verify_s = median_s(lambda: _verify_often(entry, public))
    return {
        "plain_json_bytes": sum(map(len, plain)),
        "sealed_bytes": sum(len(record.raw) for record in records),
        "wire_bytes": len(encode_message(message)),
        "wire_to_plain_ratio": round(len(encode_message(message)) / sum(map(len, plain)), 2),
        "seal_whole_case_us": round(seal_s * 1e6),
        "parse_record_us": round(parse_s * 1e6),
        "parse_and_verify_record_us": round(verify_s / REPEATS * 1e6),
    }
