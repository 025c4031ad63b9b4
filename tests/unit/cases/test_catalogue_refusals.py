"""A catalogue that breaks one rule is refused whole, in one line that names the place."""

import re

import pytest

from cases.catalogue import load_catalogue
from cases.catalogue_checks import least_time
from cases.errors import CatalogueError
from cases.items import Limit

SMALL = """
meta:
  version: "1"
  defaults:
    tolerance_wd: 5
    acceptance_decision_wd: 5
    delivery_wd: 10
    supplement_hold_cd: 30
    fee: {kind: none}
    rating: true
    immediate_elsewhere: {n: 1, unit: wd}
    tiers: [city, district, street, village]
  jurisdiction: {oldest: 120}
enums:
  relation: [[self, 本人, Self], [agent, 代理人, Agent]]
validators:
  id_or_other: {level: error, rule: a number}
  birth_matches_id: {level: error, rule: a date}
  text200: {level: error, rule: short}
fields:
  id_no: {zh: 号码, en: Number, type: text, required: true, validators: [id_or_other]}
  birth: {zh: 生日, en: Birth, type: date, required: true,
    validators: [birth_matches_id], fill_from: id_no}
  relation: {zh: 关系, en: Relation, type: enum, enum: relation, required: true, default: self}
  amount: {zh: 金额, en: Amount, type: decimal, required: true}
  members: {zh: 成员, en: Members, type: rows, required: false, columns: [id_no]}
field_groups:
  person: [id_no, birth]
materials:
  form: {zh: 表, en: Form, form: made}
  letter: {zh: 授权书, en: Letter, form: original}
aliases: {低保: [低收入]}
items:
- code: MZ-001
  name: {zh: 低收入认定, en: Low income}
  dept: {zh: 民政, en: Civil affairs}
  category: permit
  legal_type: xuke
  seed_kind: power
  handling: promised
  village_mode: agent
  rights: {village: [precheck], street: [accept, review], district: [decide, issue], city: []}
  legal: {n: 20, unit: wd}
  promised: {n: 10, unit: wd}
  steps: [[accept, street, 2, wd], [publicity, village, 7, cd], [decide, district, 8, wd]]
  pauses: [{kind: publicity, counts: false, min: 7, max: 9, unit: cd, hides: [id_no]}]
  materials: [[form, main], [letter, "conditional:relation=='agent'"]]
  fields: ["@person", relation, amount, "members?"]
  checks: ["age(birth) >= 18"]
  urgent_route: {when: "amount>9", act_within: {n: 48, unit: h},
    papers_within: {n: 5, unit: wd}, skip: [publicity]}
  decide_limit_by_amount: {district: 2000}
  joint: {lead: one, with: [two], each: {n: 5, unit: wd}, consent: all}
  fee: {kind: per_unit, unit: day, yuan: 0.3, over_fields: [amount]}
  result: {zh: 决定, en: Decision, validity_months: 12}
"""

BREAKS = [
    # what is replaced, by what, and the place that the message must name
    ("enum: relation,", "enum: relations,", "fields.relation enum"),
    ("type: enum, enum: relation", "type: text, enum: relation", "fields.relation enum"),
    ("default: self", "default: nobody", "fields.relation default"),
    ("validators: [id_or_other]", "validators: [no_such]", "fields.id_no validators"),
    ("  text200: {", "  text201: {", "validators.text201"),
    ("level: error, rule: short", "level: fatal, rule: short", "validators.text200 level"),
    ("type: decimal", "type: float", "fields.amount type"),
    ("required: true, default", "required: maybe, default", "fields.relation required"),
    ("columns: [id_no]", "columns: [nobody]", "fields.members columns"),
    ("columns: [id_no]", "columns: []", "fields.members columns"),
    ("fill_from: id_no", "fill_from: nobody", "fields.birth fill_from"),
    ("validators: [birth_matches_id], fill", "fill", "fields.birth fill_from"),
    ("person: [id_no, birth]", "person: [id_no, born]", "field_groups person"),
    ("form: original", "form: papyrus", "materials.letter form"),
    ("[agent, 代理人, Agent]", "[self, 代理人, Agent]", "enums relation"),
    ("[agent, 代理人, Agent]", "[agent, 代理人]", "enums relation"),
    ("低保: [低收入]", "低保: [住房]", "aliases 低保"),
    ("tolerance_wd: 5", "tolerance_wd: -5", "meta defaults tolerance_wd"),
    ("rating: true", "rating: 7", "meta defaults rating"),
    ("oldest: 120", "oldest: many", "meta jurisdiction oldest"),
    ("tiers: [city, district, street, village]", "tiers: []", "meta defaults tiers"),
    ("enums:\n", "enumerations: {}\nenums:\n", "catalogue enumerations"),
    ("  category: permit", "  kategory: permit", "MZ-001 kategory"),
    ("  category: permit", "  category: favour", "MZ-001 category"),
    ("legal_type: xuke", "legal_type: 12", "MZ-001 legal_type"),
    ("seed_kind: power", "seed_kind: might", "MZ-001 seed_kind"),
    ("handling: promised", "handling: never", "MZ-001 handling"),
    ("village_mode: agent", "village_mode: alone", "MZ-001 village_mode"),
    ("name: {zh: 低收入认定,", "name: {zh: '',", "MZ-001 name zh"),
    ("village: [precheck]", "parish: [precheck]", "MZ-001 rights"),
    ("village: [precheck]", "village: [bless]", "MZ-001 rights"),
    ("district: [decide, issue]", "district: [issue]", "MZ-001 rights"),
    ("street: [accept, review]", "street: [review]", "MZ-001 rights"),
    ("legal: {n: 20,", "legal: {n: 9,", "MZ-001 promised"),
    ("promised: {n: 10, unit: wd}", "promised: {n: ten, unit: wd}", "MZ-001 promised n"),
    ("promised: {n: 10, unit: wd}", "promised: {n: 10, unit: moons}", "MZ-001 promised unit"),
    ("promised: {n: 10, unit: wd}", "promised: {n: -1, unit: wd}", "MZ-001 promised n"),
    ("[decide, district, 8, wd]", "[decide, district, 9, wd]", "MZ-001 steps"),
    ("[accept, street, 2, wd]", "[check, village, 18, cd]", "MZ-001 steps"),
    ("[decide, district, 8, wd]", "[decide, street, 8, wd]", "MZ-001 steps"),
    ("[decide, district, 8, wd]", "[issue, village, 8, wd]", "MZ-001 steps"),
    ("[decide, district, 8, wd]", "[deliver, district, 8, wd]", "MZ-001 steps"),
    ("[accept, street, 2, wd]", "[accept, village, 2, wd]", "MZ-001 steps"),
    ("[accept, street, 2, wd]", "[accept, parish, 2, wd]", "MZ-001 steps"),
    ("[accept, street, 2, wd]", "[accept, street, two, wd]", "MZ-001 steps accept n"),
    ("[accept, street, 2, wd]", "[accept, street, 2]", "MZ-001 steps"),
    ("kind: publicity", "kind: holiday", "MZ-001 pauses 1 kind"),
    ("min: 7, max: 9", "min: 9, max: 7", "MZ-001 pauses"),
    ("max: 9, unit: cd, hides", "max: 9, hides", "MZ-001 pauses 1 unit"),
    ("hides: [id_no]", "hides: [name]", "MZ-001 pauses"),
    ("[form, main]", "[passport, main]", "MZ-001 materials"),
    ("[form, main]", "[letter, main]", "MZ-001 materials"),
    ("[form, main]", "[form, maybe]", "MZ-001 materials"),
    ("relation=='agent'", "relation=='agents'", "MZ-001 materials"),
    ("relation=='agent'", "related=='agent'", "MZ-001 materials"),
    ("relation=='agent'", "relation=agent", "MZ-001 materials"),
    ("relation=='agent'", "members=='agent'", "MZ-001 materials"),
    ('"members?"]', '"members?", shoe_size]', "MZ-001 fields"),
    ('"members?"]', '"members?", birth]', "MZ-001 fields"),
    ('"@person"', '"@persons"', "MZ-001 fields"),
    ("age(birth) >= 18", "age(amount) >= 18", "MZ-001 checks"),
    ("age(birth) >= 18", "len(birth) >= 18", "MZ-001 checks"),
    ("age(birth) >= 18", "age(birth) >=", "MZ-001 checks"),
    ('when: "amount>9"', 'when: "amounts>9"', "MZ-001 urgent_route"),
    ("skip: [publicity]", "skip: [hearing]", "MZ-001 urgent_route"),
    ("{district: 2000}", "{street: 2000}", "MZ-001 decide_limit_by_amount"),
    ("{district: 2000}", "{district: -1}", "MZ-001 decide_limit_by_amount district"),
    ("consent: all", "consent: some", "MZ-001 joint consent"),
    ("kind: per_unit", "kind: bribe", "MZ-001 fee kind"),
    ("over_fields: [amount]", "over_fields: [area]", "MZ-001 fee"),
    ("validity_months: 12", "validity_months: -12", "MZ-001 result validity_months"),
    ("validity_months: 12", "validity_moons: 12", "MZ-001 result validity_moons"),
    ("- code: MZ-001", "- code: [1]", "catalogue items 1 code"),
    ("- code: MZ-001", "- {code: X}\n- code: MZ-001", "X name"),
    ("- code: MZ-001", "- kode: MZ-001", "catalogue items 1 code"),
]


def test_the_small_catalogue_keeps_every_rule() -> None:
    assert list(load_catalogue(SMALL).items) == ["MZ-001"]


@pytest.mark.parametrize(("good", "bad", "place"), BREAKS)
def test_a_broken_rule_is_refused_naming_item_and_entry(
    good: str, bad: str, place: str
) -> None:
    text = SMALL.replace(good, bad, 1)

    assert text != SMALL
    with pytest.raises(CatalogueError, match=rf"^{re.escape(place)}: ") as refusal:
        load_catalogue(text)
    assert "\n" not in str(refusal.value)


def test_an_item_code_that_stands_twice_is_refused() -> None:
    item = SMALL[SMALL.index("- code:") :]

    with pytest.raises(CatalogueError, match=r"^MZ-001 code: it stands twice$"):
        load_catalogue(SMALL + item)


def test_a_step_whose_pause_stops_the_clock_takes_nothing_of_the_promise() -> None:
    stopped = SMALL.replace("[publicity, village, 7, cd]", "[publicity, village, 70, cd]")

    assert load_catalogue(stopped).items["MZ-001"].promised == Limit(10, "wd")
    with pytest.raises(CatalogueError, match="they take 70 cd, 10 wd are promised"):
        load_catalogue(stopped.replace("counts: false", "counts: true"))


def test_without_a_promise_the_legal_limit_is_promised() -> None:
    text = SMALL.replace("promised: {n: 10, unit: wd}", "promised: null")

    assert load_catalogue(text).items["MZ-001"].promised == Limit(20, "wd")


@pytest.mark.parametrize(
    ("limit", "unit", "least"),
    [
        (Limit(7, "cd"), "wd", 5),
        (Limit(5, "cd"), "wd", 3),
        (Limit(1, "cd"), "wd", 0),
        (Limit(15, "cd"), "wd", 10),
        (Limit(3, "wd"), "cd", 3),
        (Limit(48, "h"), "cd", 2),
        (Limit(48, "h"), "wd", 2),
        (Limit(2, "wd"), "h", 48),
        (Limit(4, "wd"), "wd", 4),
    ],
)
def test_a_limit_in_another_unit_is_taken_at_its_shortest(
    limit: Limit, unit: str, least: float
) -> None:
    assert least_time(limit, unit) == least
