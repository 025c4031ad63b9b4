"""Reads the parts of a catalogue that come before its items, and checks how they refer."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from cases.catalogue_section import Section, shown
from cases.catalogue_terms import (
    Defaults,
    Enumeration,
    Field,
    Material,
    Option,
    Terms,
    Validator,
)
from cases.errors import CatalogueError
from cases.expression_parser import RESERVED
from cases.grammar import RULES_OF_FIELDS
from cases.items import Fee, Text
from cases.validators import RULE_NAMES

FIELD_TYPES = ("text", "enum", "int", "decimal", "date", "division", "rows", "file", "geo")
FORMS = ("see", "copy", "original", "made", "e")
TIERS_MAX = 6

_FILLING_RULES = ("birth_matches_id", "sex_matches_id")
"""A field that is filled from a number has one of these, which say what to fill in."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_OPTION_PARTS = 3


def read_terms(whole: Section) -> Terms:
    """The terms of a catalogue.

    Raises:
        CatalogueError: A rule is broken; the message names part and entry.
    """
    meta = _top(whole, "meta")
    meta.only("version", "made", "language_primary", "holds_in", "defaults", "jurisdiction")
    enums, validators = _enums(whole), _validators(whole)
    fields = _fields(whole, enums, validators)
    return Terms(
        version=meta.text("version", length_max=40),
        tiers=_tiers(meta.section("defaults")),
        enums=enums,
        validators=validators,
        fields=fields,
        groups=_groups(whole, fields),
        materials=_materials(whole),
        defaults=_defaults(meta.section("defaults")),
        jurisdiction=_jurisdiction(meta),
    )


def read_fee(section: Section) -> Fee:
    """A fee; which fields it multiplies is checked with the item."""
    section.only("kind", "yuan", "reissue_yuan", "unit", "over_fields")
    kind = section.choice("kind", ("none", "fixed", "per_unit"), "kind of fee")
    if kind == "none":
        return Fee("none")
    again = section.amount("reissue_yuan") if section.has("reissue_yuan") else None
    if kind == "fixed":
        return Fee(kind, section.amount("yuan"), again)
    over = section.names("over_fields")
    return Fee(kind, section.amount("yuan"), again, section.text("unit"), over)


def _tiers(defaults: Section) -> tuple[str, ...]:
    tiers = defaults.names("tiers")
    for tier in tiers:
        if not _NAME.fullmatch(tier):
            raise defaults.wrong("tiers", f"{shown(tier)} is not a name of small letters")
    if not 1 <= len(tiers) <= TIERS_MAX:
        raise defaults.wrong("tiers", f"1 to {TIERS_MAX} tiers are wanted, not {len(tiers)}")
    return tiers


def _defaults(section: Section) -> Defaults:
    counts = ("tolerance_wd", "acceptance_decision_wd", "delivery_wd", "supplement_hold_cd")
    section.only(*counts, "fee", "rating", "immediate_elsewhere", "tiers")
    tolerance, acceptance, delivery, hold = (section.count(name) for name in counts)
    return Defaults(
        tolerance_wd=tolerance,
        acceptance_decision_wd=acceptance,
        delivery_wd=delivery,
        supplement_hold_cd=hold,
        immediate_elsewhere=section.limit("immediate_elsewhere"),
        fee=read_fee(section.section("fee")),
        rating=section.flag("rating"),
    )


def _jurisdiction(meta: Section) -> Mapping[str, str]:
    if not meta.has("jurisdiction"):
        return MappingProxyType({})
    section = meta.section("jurisdiction")
    figures = {key: str(section.amount(_named(section, key))) for key in section.entries}
    return MappingProxyType(figures)


def _enums(whole: Section) -> Mapping[str, Enumeration]:
    part = _top(whole, "enums")
    return MappingProxyType({name: _enumeration(part, name) for name in part.entries})


def _enumeration(part: Section, name: str) -> Enumeration:
    options: list[Option] = []
    for row in part.listed(_named(part, name)):
        if not isinstance(row, list) or len(row) != _OPTION_PARTS:
            raise part.wrong(name, f"[key, zh, en] is wanted, not {shown(row)}")
        key, zh, en = row
        if not isinstance(key, int | str) or isinstance(key, bool) or key == "":
            raise part.wrong(name, f"a key is a text or a whole number, not {shown(key)}")
        label = Section(f"{part.place}.{name}", {"zh": zh, "en": en})
        options.append(Option(str(key), Text(label.text("zh"), label.text("en"))))
    keys = [option.key for option in options]
    if not keys:
        raise part.wrong(name, "it has no options")
    if len(set(keys)) < len(keys):
        raise part.wrong(name, "a key stands twice")
    return Enumeration(name, tuple(options))


def _validators(whole: Section) -> Mapping[str, Validator]:
    part = _top(whole, "validators")
    found: dict[str, Validator] = {}
    for name in part.entries:
        section = _entry(part, name)
        section.only("level", "rule", "warn")
        if name not in RULE_NAMES:
            raise CatalogueError(f"{section.place}: no such rule is known to this program")
        found[name] = Validator(name, section.choice("level", ("error", "warn"), "level"))
    return MappingProxyType(found)


def _fields(
    whole: Section, enums: Mapping[str, Enumeration], validators: Mapping[str, Validator]
) -> Mapping[str, Field]:
    part = _top(whole, "fields")
    fields: dict[str, Field] = {}
    for name in part.entries:
        section = _entry(part, name)
        fields[name] = _field(section, name, enums)
        for rule in fields[name].validators:
            if rule not in validators:
                raise section.wrong("validators", f"unknown validator {shown(rule)}")
    for one in fields.values():
        _check_links(_entry(part, one.name), one, fields)
    return MappingProxyType(fields)


def _field(section: Section, name: str, enums: Mapping[str, Enumeration]) -> Field:
    section.only(
        *("zh", "en", "type", "required", "validators", "enum", "default"),
        *("sensitive", "fill_from", "columns", "conflict"),
    )
    kind = section.choice("type", FIELD_TYPES, "type")
    enum = section.choice("enum", enums, "enumeration") if section.has("enum") else ""
    if (kind == "enum") != bool(enum):
        raise section.wrong("enum", f"an enumeration does not fit the type {kind}")
    return Field(
        name=name,
        label=Text(section.text("zh"), section.text("en")),
        type=kind,
        required=section.flag("required"),
        validators=section.names("validators"),
        enum=enum,
        default=_default(section, enums.get(enum)),
        sensitive=_optional_choice(section, "sensitive", ("mid", "high")),
        fill_from=section.text("fill_from") if section.has("fill_from") else "",
        columns=section.names("columns"),
        conflict=_optional_choice(section, "conflict", RULES_OF_FIELDS) or RULES_OF_FIELDS[0],
    )


def _default(section: Section, enum: Enumeration | None) -> str:
    if not section.has("default"):
        return ""
    value = section.entries["default"]
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise section.wrong("default", f"a text or a number is wanted, not {shown(value)}")
    if enum is not None and str(value) not in enum.keys:
        raise section.wrong("default", f"{shown(value)} is not a key of {enum.name}")
    return str(value)


def _check_links(section: Section, one: Field, fields: Mapping[str, Field]) -> None:
    if (one.type == "rows") != bool(one.columns):
        raise section.wrong("columns", f"columns do not fit the type {one.type}")
    for column in one.columns:
        if column not in fields or fields[column].type in ("rows", "file", "geo"):
            raise section.wrong("columns", f"{shown(column)} is not a field for a column")
    if one.fill_from and fields.get(one.fill_from, one).type != "text":
        raise section.wrong("fill_from", f"{shown(one.fill_from)} is not a text field")
    if one.fill_from and not set(one.validators).intersection(_FILLING_RULES):
        raise section.wrong("fill_from", f"needs a rule out of {', '.join(_FILLING_RULES)}")


def _groups(whole: Section, fields: Mapping[str, Field]) -> Mapping[str, tuple[str, ...]]:
    part = _top(whole, "field_groups")
    groups: dict[str, tuple[str, ...]] = {}
    for name in part.entries:
        groups[name] = part.names(_named(part, name))
        for member in groups[name]:
            if member.removesuffix("?") not in fields:
                raise part.wrong(name, f"unknown field {shown(member)}")
    return MappingProxyType(groups)


def _materials(whole: Section) -> Mapping[str, Material]:
    part = _top(whole, "materials")
    found: dict[str, Material] = {}
    for code in part.entries:
        section = _entry(part, code)
        section.only("zh", "en", "form", "share")
        name = Text(section.text("zh"), section.text("en"))
        share = section.text("share") if section.has("share") else ""
        found[code] = Material(code, name, section.choice("form", FORMS, "form"), share)
    return MappingProxyType(found)


def _top(whole: Section, key: str) -> Section:
    return Section(key, whole.section(key).entries)


def _entry(part: Section, name: str) -> Section:
    inner = part.section(_named(part, name))
    return Section(f"{part.place}.{name}", inner.entries)


def _named(part: Section, name: str) -> str:
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise part.wrong(name[:40], "the name is not one of small letters, digits and _")
    return name


def _optional_choice(section: Section, key: str, allowed: tuple[str, ...]) -> str:
    return section.choice(key, allowed) if section.has(key) else ""
