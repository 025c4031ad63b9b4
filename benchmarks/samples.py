"""One whole case, as plain content and as the records that carry it."""

import functools
import random

from casebook.audience import audience
from cases.catalogue import Catalogue
from security.caseids import RANDOM_BYTES, new_case_id
from security.grants import make_grant
from security.header import Header
from security.hlc import Hlc
from security.records import SALT_BYTES, Record, seal_entry
from simulation.__main__ import shipped
from simulation.tree import KeyedTree, device_of, keyed_tree
from simulation.world import HEXI

VILLAGE = "120103001001"
ITEM = "MZ-009"
ACTS = ("accept", "send_up", "take", "step_done", "decide", "return", "deliver")
PAPERS = ("app_form", "id_card", "invoice")
NOTE = "申请材料齐全，符合法定形式，经审核情况属实，同意按规定程序办理。"


def tree() -> KeyedTree:
    """Return the registry and keys of a piece of Hexi, the same in every run."""
    return keyed_tree(HEXI, random.Random(1).randbytes)


@functools.cache
def catalogue() -> Catalogue:
    """Return the catalogue that comes with the product."""
    return shipped().catalogue


def contents(source: random.Random) -> list[tuple[dict[str, object], dict[str, object]]]:
    """Return facts and body of an intake of about 1.2 KB as JSON, and of seven acts."""
    fields: dict[str, object] = {
        "name": "陈某某",
        "id_no": f"12010319500101{source.randrange(1000):03d}3",
        "mobile": f"138{source.randrange(10**8):08d}",
        "address": "天津市河西区大营门街道九江路社区" + "某里某号楼某门" * 4,
        "reason": "".join(chr(source.randrange(0x4E00, 0x9FA5)) for _ in range(160)),
        "bank_name": "某某银行股份有限公司天津河西支行",
        "bank_card": f"62{source.randrange(10**17):017d}",
    }
    papers = [
        {"material": name, "state": "seen"} for name in ("app_form", "id_card", "invoice")
    ]
    common: dict[str, object] = {"at": "2026-11-23T09:05:00+08:00", "clerk": f"{VILLAGE}-w1"}
    intake: dict[str, object] = {
        **common,
        "act": "receive",
        "case_no": "1201030010010126112300077",
        "item": ITEM,
        "item_version": "draft-1",
        "papers": papers,
    }
    opinion: dict[str, object] = {"opinion": NOTE}
    acts = [({**common, "act": act}, opinion) for act in ACTS]
    return [(intake, {"fields": fields, "query_code": "123456"}), *acts]


def case_records(keys: KeyedTree, source: random.Random, first_seq: int) -> list[Record]:
    """Return one grant and eight entries of one case, chained into the village's feed."""
    path = keys.registry.path(VILLAGE)
    case = new_case_id(1_795_395_900_000, VILLAGE, source.randbytes(RANDOM_BYTES))
    case_key = source.randbytes(32)
    signer = keys.units[VILLAGE].device
    listed = catalogue()
    readers = audience(listed.items[ITEM], path, keys.registry, listed.tiers)
    prev = source.randbytes(32) if first_seq > 1 else bytes(32)
    records: list[Record] = []
    for number, content in enumerate([None, *contents(source)]):
        header = Header(
            type="grant" if content is None else "entry",
            case=case,
            generation=1,
            path=path,
            device=device_of(VILLAGE),
            seq=first_seq + number,
            prev=records[-1].hash if records else prev,
            parents=(records[-1].hash,) if number > 1 else (),
            hlc=Hlc(1_795_395_900_000 + number, 0),
            audience="item",
        )
        if content is None:
            records.append(make_grant(header, case_key, readers, signer))
        else:
            facts, body = content
            salt = source.randbytes(SALT_BYTES)
            records.append(seal_entry(header, facts, body, case_key, signer, salt))
    return records
