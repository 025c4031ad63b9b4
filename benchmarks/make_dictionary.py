"""Makes the dictionary of `security.packing`: `python -m benchmarks.make_dictionary`.

It is put together, not trained: trained dictionaries hold pieces of the records that they were
trained on. What stands in it are the words of the format, the codes of the shipped catalogue
and the phrases below, each as the encoding writes it. What is used most stands last, where
deflate reaches it with the shortest distances.

A dictionary in use never changes. Running this after the catalogue has changed gives another
one, which then needs another number and another file.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cases.catalogue import Catalogue
from security.encoding import encode
from simulation.__main__ import shipped

PHRASES = (
    *("农村信用合作联社", "邮政储蓄银行", "中国农业银行股份有限公司", "中国工商银行", "支行"),
    *("省", "自治区", "市", "县", "镇人民政府", "街道", "社区", "村民委员会", "居民委员会"),
    *("路", "巷", "号楼", "单元", "室", "本人承诺以上填写内容真实有效", "家庭成员", "共同生活"),
    *("年收入", "元", "因病", "因残", "因灾", "家庭困难", "生活困难", "特申请", "给予补助"),
    *("现申请办理", "请予批准", "联系电话", "户口簿", "身份证", "复印件", "原件", "证明"),
    *("请补充", "请补正", "材料不全", "信息有误", "退回修改", "不符合规定条件", "不予批准"),
    *("不予受理", "不属于本部门", "逾期未补正", "转报上级", "报上级审批", "拟同意上报"),
    *("公示期满，无异议", "经入户调查", "经核查", "经审查", "经审核", "情况属实", "属实"),
    *("符合条件", "符合规定条件", "申请人", "已电话通知", "本人签收", "已送达", "已领取"),
    *("材料齐全", "符合法定形式", "予以受理", "予以批准", "按规定程序办理", "，同意", "同意。"),
)
"""What clerks of such offices write in many cases; no name, number or place."""

STATES = ("copy", "original", "kept", "later", "missing", "shared", "seen")
REASONS = ("deliver", "step", "incomplete", "wrong_data", "not_ours", "other")
LENGTHS = (3, 6, 9, 10, 11, 12, 18, 19)
"""Bytes of short texts: two or three characters, a date, a phone, a unit, an identity."""

WORDS: Mapping[str, Sequence[dict[str, object]]] = {
    "precheck": ({"result": "lacks"}, {"result": "fit"}),
    "accept": (
        {"promised": None, "legal": None},
        {"from": "20", "calendar": "20", "promised": {"n": 5, "unit": "wd"}},
        {"legal": {"n": 20, "unit": "wd"}},
    ),
    "send_up": ({"to": ""},),
    "take": ({},),
    "return": tuple({"to": "", "reason_code": reason} for reason in REASONS),
    "step_done": ({"step": "check"}, {"step": "review"}, {"step": "publicity"}),
    "issue": ({"document_no": "民准〔20"},),
    "deliver": ({"relation": "post"}, {"relation": "family"}, {"relation": "self"}),
    "note": ({},),
    "amend": ({"fields": []},),
    "withdraw": ({},),
    "decide": ({"outcome": "filed"}, {"outcome": "refused"}, {"outcome": "granted"}),
}
BODIES = ("taken_by", "text", "values", "reason", "opinion")


def main() -> int:
    """Write the file and print its hash."""
    content = make_dictionary(shipped().catalogue)
    target = Path(__file__).resolve().parents[1] / "security" / "dictionary-1.bin"
    target.write_bytes(content)
    print(f"{target.name}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")
    return 0


def make_dictionary(catalogue: Catalogue) -> bytes:
    """Give the dictionary for a catalogue; the same catalogue gives the same bytes."""
    return b"".join((*_catalogue(catalogue), *_phrases(), *_intake(catalogue), *_acts()))


def _catalogue(catalogue: Catalogue) -> Iterator[bytes]:
    for name, listed in sorted(catalogue.enums.items()):
        yield encode(name)
        yield from (encode(option.key) for option in listed.options)
    for index, material in enumerate(sorted(catalogue.materials)):
        yield encode({"state": STATES[index % len(STATES)], "material": material})
    for name in sorted(catalogue.fields, key=lambda name: (len(name), name)):
        yield encode(name)


def _phrases() -> Iterator[bytes]:
    for phrase in PHRASES:
        yield phrase.encode()


def _intake(catalogue: Catalogue) -> Iterator[bytes]:
    """The form of a person's application and the receipt, values left out."""
    people = ("address", "id_type", "bank_card", "bank_name", "relation", "live_div", "reason")
    names = ("sex", "name", "birth", "hukou", "id_no", "mobile", *people)
    assert set(names) <= set(catalogue.fields), "the usual fields of a form are in it"
    yield encode({"fields": dict.fromkeys(sorted(names), "")})
    for name, length in (("name", 9), ("id_no", 18), ("mobile", 11), ("birth", 10)):
        yield encode(name) + bytes([0x60 + length])
    for name in ("hukou", "live_div"):
        yield encode(name) + b"\x6c"
    yield encode("bank_card") + b"\x7362" + encode("id_type") + encode("id")
    yield encode("receipt") + b"\x78\x7av1|" + encode("query_code") + b"\x66"
    yield encode({"item": "", "papers": [{"state": "seen", "material": "app_form"}]})
    yield encode("case_no") + b"\x78\x19" + encode({"warnings": []})
    yield encode("item_version") + encode(catalogue.version)
    yield encode({"state": "seen", "material": "id_card"})


def _acts() -> Iterator[bytes]:
    yield b"".join(encode({name: ""}) for name in BODIES)
    yield encode({"opinion": ""})[:-1] + b"\x78"
    for act, facts in WORDS.items():
        for words in facts:
            whole = encode({**words, "at": "", "act": act, "clerk": ""})
            yield whole.replace(encode("at") + b"\x60", encode("at") + b"\x78\x19+08:00")
    for act in ("receive", *WORDS):
        yield b":00+08:00" + encode("act") + encode(act) + encode("clerk")
    yield bytes([0xA3]) + encode("at") + b"\x78\x19202"


if __name__ == "__main__":
    sys.exit(main())
