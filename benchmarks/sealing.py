"""What sealing costs in time, beside the signature that no record goes without.

The bytes of a case on the wire are in `wirecost`. Sizes are counted on one intake and three
acts of each item of the shipped catalogue: how many different ones there are before padding,
and how many are left after it.
"""

import random

from benchmarks import samples
from benchmarks.timing import median_s
from cases.items import Item
from security import padding, signing
from security.packing import hint_of, pack
from security.records import DOMAIN, SALT_BYTES, open_facts, parse, seal_entry, verify
from security.records import derive_facts_key as facts_key_of

REPEATS = 300
_AT_MS = 1_795_395_900_000


def run() -> dict[str, object]:
    """Time one act's way into a record and out of it, and count sizes."""
    keys, source = samples.tree(), random.Random(7)
    record = samples.case_records(keys, source, 1)[2]
    signer, case_key = keys.units[samples.VILLAGE].device, source.randbytes(32)
    facts, body = samples.contents(source)[1]
    salts = [source.randbytes(SALT_BYTES) for _ in range(REPEATS)]
    header, public = record.header, signer.public
    sealed = seal_entry(header, facts, body, case_key, signer, salts[0])
    facts_key = facts_key_of(case_key, header.case, header.generation)
    message, signature = sealed.raw[:-64], sealed.signature

    def seal() -> None:
        for salt in salts:
            seal_entry(header, facts, body, case_key, signer, salt)

    def open_all() -> None:
        for _ in salts:
            opened = parse(sealed.raw)
            verify(opened, public)
            open_facts(opened, facts_key)

    def check() -> None:
        for _ in salts:
            signing.verify(public, DOMAIN, message, signature)

    sign_us = _us(lambda: [signer.sign(DOMAIN, message) for _ in salts])
    check_us = _us(check)
    seal_us, open_us = _us(seal), _us(open_all)
    packed, padded = _sizes()
    return {
        "sign_alone_us": sign_us,
        "verify_alone_us": check_us,
        "seal_and_sign_us": seal_us,
        "parse_verify_and_open_us": open_us,
        "seal_to_sign_ratio": round(seal_us / sign_us, 2),
        "open_to_verify_ratio": round(open_us / check_us, 2),
        "different_sizes_before_padding": packed,
        "different_sizes_after_padding": padded,
    }


def _us(work: object) -> float:
    assert callable(work), "there is something to time"
    return round(median_s(work) / REPEATS * 1e6, 1)


def _sizes() -> tuple[int, int]:
    hint, source = hint_of(f"{samples.VILLAGE}-01", _AT_MS), random.Random(5)
    packed, padded = set(), set()
    for item in samples.catalogue().items.values():
        for facts, body in _acts(item, source):
            parts = pack(facts, hint=hint), pack(body, hint=hint)
            packed.add((len(parts[0]), len(parts[1])))
            one, other = padding.pad_pair(*parts)
            padded.add((len(one), len(other)))
    return len(packed), len(padded)


def _acts(
    item: Item, source: random.Random
) -> list[tuple[dict[str, object], dict[str, object]]]:
    common: dict[str, object] = {
        "at": "2026-11-23T09:05:00+08:00",
        "clerk": f"{samples.VILLAGE}-w1",
    }
    form = {each.name: _text(source, source.randrange(2, 20)) for each in item.fields}
    papers = [{"material": each.code, "state": "seen"} for each in item.materials]
    acts: list[tuple[dict[str, object], dict[str, object]]] = [
        (
            {**common, "act": "receive", "item": item.code, "papers": papers},
            {"fields": form, "query_code": "123456"},
        )
    ]
    for act in ("step_done", "send_up", "decide"):
        opinion = _text(source, source.randrange(2, 60))
        acts.append(({**common, "act": act}, {"opinion": opinion}))
    return acts


def _text(source: random.Random, length: int) -> str:
    return "".join(chr(source.randrange(0x4E00, 0x9FA5)) for _ in range(length))
