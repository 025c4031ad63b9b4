"""What the items of a catalogue are made of: fields, enumerations, rules, papers, defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.items import Fee, Limit, Text


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of an enumeration: the key that is stored and the name that is shown."""

    key: str
    label: Text


@dataclass(frozen=True, slots=True)
class Enumeration:
    """The choices of a field, in the order in which a page lists them."""

    name: str
    options: tuple[Option, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that a form may hold."""
        return tuple(option.key for option in self.options)


@dataclass(frozen=True, slots=True)
class Validator:
    """A rule under the level of this catalogue: `error` blocks, `warn` is only recorded."""

    name: str
    level: str


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a form.

    `type` is `text`, `enum` (with `enum`), `int`, `decimal`, `date`, `division`, `file`, `geo`
    or `rows` (with `columns`, which are fields too). `fill_from` names the field whose citizen
    number gives this one. `sensitive` is empty, `mid` or `high`: how strictly a page masks it.
    `conflict` says which value counts when the field was amended in two places apart.
    """

    name: str
    label: Text
    type: str
    required: bool
    validators: tuple[str, ...] = ()
    enum: str = ""
    default: str = ""
    sensitive: str = ""
    fill_from: str = ""
    columns: tuple[str, ...] = ()
    conflict: str = "latest"


@dataclass(frozen=True, slots=True)
class Material:
    """One paper: `form` is `see`, `copy`, `original`, `made` here, or `e` for electronic.

    `share` names the body that may hold it already.
    """

    code: str
    name: Text
    form: str
    share: str = ""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for every item that does not say otherwise; units stand in the names."""

    tolerance_wd: int
    acceptance_decision_wd: int
    delivery_wd: int
    supplement_hold_cd: int
    immediate_elsewhere: Limit
    fee: Fee
    rating: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything of a catalogue but its items; the names by which items refer to it."""

    version: str
    tiers: tuple[str, ...]
    enums: Mapping[str, Enumeration]
    validators: Mapping[str, Validator]
    fields: Mapping[str, Field]
    groups: Mapping[str, tuple[str, ...]]
    materials: Mapping[str, Material]
    defaults: Defaults
    jurisdiction: Mapping[str, str]
