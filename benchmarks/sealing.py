"""What sealing costs: bytes of a whole case on the wire, and time per record."""

import json
import random
from collections.abc import Callable

from benchmarks import samples
from benchmarks.timing import median_s
from security import signing
from security.records import (
    DOMAIN,
    SALT_BYTES,
    Record,
    open_body,
    parse,
    seal_entry,
    verify,
)
from security.signing import SigningKey
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
    one = _one_entry(records[2])
    seal_s = median_s(lambda: [samples.case_records(keys, source, 1) for _ in range(20)]) / 20
    parse_s = median_s(lambda: [parse(entry) for _ in range(REPEATS)]) / REPEATS
    verify_s = median_s(lambda: _verify_often(entry, public))
    return {
        "plain_json_bytes": sum(map(len, plain)),
        "sealed_bytes": sum(len(record.raw) for record in records),
        "wire_bytes": len(encode_message(message)),
        "wire_to_plain_ratio": round(len(encode_message(message)) / sum(map(len, plain)), 2),
        "seal_whole_case_us": round(seal_s * 1e6),
        **one,
        "parse_record_us": round(parse_s * 1e6),
        "parse_and_verify_record_us": round(verify_s / REPEATS * 1e6),
    }


def _one_entry(sample: Record) -> dict[str, object]:
    """One entry sealed and opened, beside Ed25519 alone in the same run."""
    key, salts = SigningKey.from_private(b"k" * 32), iter(range(1 << 30))
    facts, body = samples.contents(random.Random(7))[1]
    header, message = sample.header, sample.raw[:600]

    def sealed() -> Record:
        salt = next(salts).to_bytes(SALT_BYTES)
        return seal_entry(header, facts, body, b"c" * 32, key, salt)

    record = sealed()
    signature = key.sign(DOMAIN, message)

    def opened() -> None:
        arrived = parse(record.raw)
        verify(arrived, key.public)
        open_body(arrived, b"c" * 32)

    taken = {
        "seal_and_sign_entry_us": _each_us(sealed),
        "ed25519_sign_us": _each_us(lambda: key.sign(DOMAIN, message)),
        "verify_and_open_entry_us": _each_us(opened),
        "ed25519_verify_us": _each_us(
            lambda: signing.verify(key.public, DOMAIN, message, signature)
        ),
    }
    return {
        **{name: round(value, 1) for name, value in taken.items()},
        "seal_to_ed25519_sign": round(
            taken["seal_and_sign_entry_us"] / taken["ed25519_sign_us"], 2
        ),
        "open_to_ed25519_verify": round(
            taken["verify_and_open_entry_us"] / taken["ed25519_verify_us"], 2
        ),
    }


def _each_us(work: Callable[[], object]) -> float:
    def often() -> None:
        for _ in range(REPEATS):
            work()

    return median_s(often) / REPEATS * 1e6
