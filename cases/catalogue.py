"""The catalogue of service items: read once, checked whole, then only looked up.

A catalogue that breaks one rule is refused as a whole, with one line that names the item and
the entry; the node goes on with the catalogue it has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cases.catalogue_checks import check_item, conditions
from cases.catalogue_items import read_code, read_item
from cases.catalogue_section import Section
from cases.catalogue_terms import (
    Defaults,
    Enumeration,
    Field,
    Material,
    Option,
    Terms,
    Validator,
)
from cases.catalogue_terms_reader import read_terms
from cases.catalogue_yaml import read_yaml
from cases.errors import CatalogueError
from cases.items import Item, Limit
from cases.negative import NegativeList, read_negative_list

__all__ = [
    "Catalogue",
    "Defaults",
    "Enumeration",
    "Field",
    "Material",
    "Option",
    "Validator",
    "load_catalogue",
]

ITEMS_MAX = 5_000
ALIASES_MAX = 500
_PARTS = ("meta", "enums", "validators", "fields", "field_groups", "materials", "items")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A checked catalogue; every name in it resolves.

    `tiers` are listed from the highest to the lowest. `jurisdiction` holds the figures that the
    place sets for itself, `aliases` maps what people say to the words of the official names,
    `negative` the proofs that no committee may give.
    """

    version: str
    tiers: tuple[str, ...]
    enums: Mapping[str, Enumeration]
    validators: Mapping[str, Validator]
    fields: Mapping[str, Field]
    materials: Mapping[str, Material]
    items: Mapping[str, Item]
    defaults: Defaults
    jurisdiction: Mapping[str, str]
    aliases: Mapping[str, tuple[str, ...]]
    negative: NegativeList

    def promise(self, item: Item, tier: str) -> Limit:
        """The promised limit where a tier accepts the item.

        An immediate item takes longer where the accepting tier may not decide it itself.
        """
        if item.handling == "immediate" and "decide" not in item.rights_of(tier):
            return self.defaults.immediate_elsewhere
        return item.promised

    @property
    def unset_figures(self) -> tuple[str, ...]:
        """Figures of the jurisdiction that some condition asks for and the catalogue lacks.

        Checks that need one are left out until the place has set it.
        """
        asked = [
            key
            for item in self.items.values()
            for _, condition in conditions(item)
            for key in condition.local_keys
        ]
        return tuple(dict.fromkeys(key for key in asked if key not in self.jurisdiction))


def load_catalogue(text: str, *, jurisdiction: Mapping[str, str] | None = None) -> Catalogue:
    """The catalogue of a YAML text of at most 2 MiB.

    `jurisdiction` overrides figures that the text gives under `meta`.

    Raises:
        CatalogueError: A rule is broken; one line names the item (or part) and the entry.
    """
    content = read_yaml(text)
    if not isinstance(content, dict):
        raise CatalogueError("catalogue: a mapping is wanted")
    whole = Section("catalogue", content)
    whole.only(*_PARTS, "aliases", "negative_list")
    terms = read_terms(whole)
    items = _items(whole, terms)
    return Catalogue(
        version=terms.version,
        tiers=terms.tiers,
        enums=terms.enums,
        validators=terms.validators,
        fields=terms.fields,
        materials=terms.materials,
        items=items,
        defaults=terms.defaults,
        jurisdiction=MappingProxyType({**terms.jurisdiction, **(jurisdiction or {})}),
        aliases=_aliases(whole, items),
        negative=read_negative_list(whole),
    )


def _items(whole: Section, terms: Terms) -> Mapping[str, Item]:
    sections = whole.sections("items")
    if not 1 <= len(sections) <= ITEMS_MAX:
        raise whole.wrong("items", f"1 to {ITEMS_MAX} are wanted, not {len(sections)}")
    items: dict[str, Item] = {}
    for numbered in sections:
        code = read_code(numbered)
        section = Section(code, numbered.entries)
        if code in items:
            raise section.wrong("code", "it stands twice")
        items[code] = read_item(section, terms)
        check_item(items[code], terms)
    return MappingProxyType(items)


def _aliases(whole: Section, items: Mapping[str, Item]) -> Mapping[str, tuple[str, ...]]:
    if not whole.has("aliases"):
        return MappingProxyType({})
    part = Section("aliases", whole.section("aliases").entries)
    if len(part.entries) > ALIASES_MAX:
        raise CatalogueError(f"aliases: at most {ALIASES_MAX} are taken")
    aliases: dict[str, tuple[str, ...]] = {}
    for alias in part.entries:
        aliases[alias] = part.names(alias)
        for word in aliases[alias]:
            if not any(word == item.code or word in item.name.zh for item in items.values()):
                raise part.wrong(alias, f"{word!r} is in no name of an item")
    return MappingProxyType(aliases)
