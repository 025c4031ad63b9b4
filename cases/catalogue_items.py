"""Reads one item of a catalogue; that its parts fit each other is checked afterwards."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from cases.catalogue_section import Section, shown
from cases.catalogue_terms import Terms
from cases.catalogue_terms_reader import read_fee
from cases.grammar import PAUSE_KINDS
from cases.items import (
    Guard,
    Item,
    ItemField,
    ItemMaterial,
    Joint,
    Limit,
    Pause,
    Result,
    Step,
    Text,
    UrgentRoute,
)

CATEGORIES = ("permit", "other_power", "public_service")
LEGAL_TYPES = ("xuke", "queren", "jifu", "jiangli", "beian", "qita", "gonggong")
SEED_KINDS = ("approval", "power", "convenience")
HANDLING = ("immediate", "promised", "reported", "joint")
VILLAGE_MODES = ("direct", "agent", "assist", "inform")
RIGHTS = ("query", "guide", "precheck", "accept", "review", "decide", "issue", "deliver")
NEEDS = ("main", "tolerable", "shared")

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}", re.ASCII)
_STEP_NAME = re.compile(r"[a-z][a-z_]{0,39}", re.ASCII)
_CONDITIONAL = "conditional:"
_STEP_PARTS, _MATERIAL_PARTS = 4, 2
_KEYS = (
    *("code", "version", "national_code", "name", "dept", "category", "legal_type"),
    *("seed_kind", "handling", "village_mode", "rights", "any_place", "legal", "promised"),
    *("extend", "steps", "pauses", "materials", "fields", "checks", "urgent_route"),
    *("decide_limit_by_amount", "joint", "privacy", "fee", "result", "batch", "guard"),
)


def read_code(section: Section) -> str:
    """The code of an item, with which every further message about it begins.

    Raises:
        CatalogueError: There is none, or it is not made of letters, digits and hyphens.
    """
    code = section.text("code")
    if not _CODE.fullmatch(code):
        raise section.wrong("code", f"{shown(code)} is not of letters, digits and hyphens")
    return code


def read_item(section: Section, terms: Terms) -> Item:
    """One item; `section` has its code as its place.

    Raises:
        CatalogueError: An entry is missing, unknown, of the wrong type, or refers to nothing.
    """
    section.only(*_KEYS)
    legal = section.limit_or_none("legal")
    return Item(
        code=section.text("code"),
        version=section.text("version") if section.has("version") else terms.version,
        name=section.bilingual("name"),
        dept=section.bilingual("dept"),
        category=section.choice("category", CATEGORIES, "category"),
        legal_type=section.choice("legal_type", LEGAL_TYPES, "legal type"),
        seed_kind=section.choice("seed_kind", SEED_KINDS, "kind"),
        handling=section.choice("handling", HANDLING, "handling"),
        village_mode=section.choice("village_mode", VILLAGE_MODES, "mode"),
        rights=_rights(section, terms.tiers),
        any_place=section.flag("any_place"),
        legal=legal,
        promised=_promised(section, legal),
        extend=section.limit_or_none("extend"),
        steps=_steps(section, terms.tiers),
        pauses=tuple(_pause(pause) for pause in section.sections("pauses")),
        materials=_materials(section, terms),
        fields=_fields(section, terms),
        checks=tuple(section.condition("checks", source) for source in section.names("checks")),
        urgent_route=_urgent_route(section),
        decide_limits=_decide_limits(section, terms.tiers),
        joint=_joint(section),
        privacy=section.choice("privacy", ("minor", "health"))
        if section.has("privacy")
        else "",
        fee=read_fee(section.section("fee")) if section.has("fee") else terms.defaults.fee,
        result=_result(section.section("result")),
        batch=section.flag("batch"),
        guard=_guard(section),
        national_code=section.text("national_code") if section.has("national_code") else "",
    )


def _promised(section: Section, legal: Limit | None) -> Limit:
    promised = section.limit_or_none("promised") or legal
    if promised is None:
        raise section.wrong("promised", "neither a promised nor a legal limit is given")
    return promised


def _rights(section: Section, tiers: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    inner = section.section("rights")
    for tier in inner.entries:
        if tier not in tiers:
            raise section.wrong("rights", f"unknown tier {shown(tier)}")
    rights: dict[str, tuple[str, ...]] = {}
    for tier in tiers:
        rights[tier] = inner.names(tier)
        for right in rights[tier]:
            if right not in RIGHTS:
                raise section.wrong("rights", f"unknown right {shown(right)} of {tier}")
    return MappingProxyType(rights)


def _steps(section: Section, tiers: tuple[str, ...]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for row in section.listed("steps"):
        if not isinstance(row, list) or len(row) != _STEP_PARTS:
            raise section.wrong("steps", f"[step, tier, n, unit] is wanted, not {shown(row)}")
        name, tier, n, unit = row
        if not isinstance(name, str) or not _STEP_NAME.fullmatch(name):
            raise section.wrong("steps", f"{shown(name)} is not a name of small letters")
        if tier not in tiers:
            raise section.wrong("steps", f"unknown tier {shown(tier)} of step {name}")
        named = Section(f"{section.place} steps", {name: {"n": n, "unit": unit}}).limit(name)
        steps.append(Step(name, tier, named.n, named.unit))
    return tuple(steps)


def _pause(section: Section) -> Pause:
    section.only("kind", "counts", "min", "max", "unit", "shows", "hides", "note")
    unit = section.choice("unit", ("wd", "cd", "h"), "unit") if section.has("unit") else ""
    bounds: dict[str, Limit] = {}
    for key in ("min", "max"):
        if section.has(key):
            if not unit:
                raise section.wrong("unit", f"{key} has no unit")
            bounds[key] = Limit(section.count(key), unit)
    return Pause(
        kind=section.choice("kind", PAUSE_KINDS, "kind of pause"),
        counts=section.flag("counts"),
        least=bounds.get("min"),
        most=bounds.get("max"),
        shows=section.names("shows"),
        hides=section.names("hides"),
        note=section.text("note") if section.has("note") else "",
    )


def _materials(section: Section, terms: Terms) -> tuple[ItemMaterial, ...]:
    found: dict[str, ItemMaterial] = {}
    for row in section.listed("materials"):
        if not isinstance(row, list) or len(row) != _MATERIAL_PARTS:
            raise section.wrong("materials", f"[material, need] is wanted, not {shown(row)}")
        code, need = row
        if not isinstance(code, str) or code not in terms.materials:
            raise section.wrong("materials", f"unknown material {shown(code)}")
        if code in found:
            raise section.wrong("materials", f"{code} stands twice")
        found[code] = _material(section, code, need)
    return tuple(found.values())


def _material(section: Section, code: str, need: object) -> ItemMaterial:
    if isinstance(need, str) and need.startswith(_CONDITIONAL):
        source = need.removeprefix(_CONDITIONAL)
        return ItemMaterial(code, "conditional", section.condition("materials", source))
    if need not in NEEDS:
        raise section.wrong("materials", f"unknown need {shown(need)} of {code}")
    return ItemMaterial(code, str(need))


def _fields(section: Section, terms: Terms) -> tuple[ItemField, ...]:
    named: list[str] = []
    for name in section.names("fields"):
        if not name.startswith("@"):
            named.append(name)
        elif name[1:] in terms.groups:
            named.extend(terms.groups[name[1:]])
        else:
            raise section.wrong("fields", f"unknown group {shown(name)}")
    found: dict[str, ItemField] = {}
    for text in named:
        name = text.removesuffix("?")
        if name not in terms.fields:
            raise section.wrong("fields", f"unknown field {shown(text)}")
        if name in found:
            raise section.wrong("fields", f"{name} stands twice")
        found[name] = ItemField(name, text.endswith("?") or not terms.fields[name].required)
    return tuple(found.values())


def _urgent_route(section: Section) -> UrgentRoute | None:
    if not section.has("urgent_route"):
        return None
    inner = section.section("urgent_route")
    inner.only("when", "act_within", "papers_within", "skip")
    return UrgentRoute(
        when=inner.condition("when", inner.text("when", length_max=500)),
        act_within=inner.limit("act_within"),
        papers_within=inner.limit("papers_within"),
        skip=inner.names("skip"),
    )


def _decide_limits(section: Section, tiers: tuple[str, ...]) -> Mapping[str, Decimal | None]:
    if not section.has("decide_limit_by_amount"):
        return MappingProxyType({})
    inner = section.section("decide_limit_by_amount")
    inner.only(*tiers)
    return MappingProxyType(
        {tier: inner.amount(tier) if inner.has(tier) else None for tier in inner.entries}
    )


def _joint(section: Section) -> Joint | None:
    if not section.has("joint"):
        return None
    inner = section.section("joint")
    inner.only("lead", "with", "each", "consent", "parts")
    return Joint(
        lead=inner.text("lead"),
        consulted=inner.names("with"),
        each=inner.limit("each"),
        consent=inner.choice("consent", ("all", "independent")),
        parts=inner.names("parts"),
    )


def _result(section: Section) -> Result:
    section.only("zh", "en", "validity_months", "validity_days", "pays_from")
    months, days = (
        section.count(key) if section.has(key) else None
        for key in ("validity_months", "validity_days")
    )
    pays_from = section.text("pays_from") if section.has("pays_from") else ""
    return Result(Text(section.text("zh"), section.text("en")), months, days, pays_from)


def _guard(section: Section) -> Guard | None:
    if not section.has("guard"):
        return None
    inner = section.section("guard")
    inner.only("negative_list", "note")
    note = inner.text("note", length_max=500) if inner.has("note") else ""
    return Guard(inner.flag("negative_list"), note)
