"""What a service item is: rights, limits, steps, papers and form, as frozen values.

Tiers are listed from the highest to the lowest everywhere. Conditions are already parsed, and
every name in an item resolves: `catalogue.load_catalogue` makes items, and nothing else does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from cases.expressions import Expression


@dataclass(frozen=True, slots=True)
class Text:
    """A name in Chinese and in English; the pages choose."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A length: `n` of `unit`, which is `wd` working days, `cd` calendar days, `h` hours."""

    n: int
    unit: str


@dataclass(frozen=True, slots=True)
class Step:
    """One leg of the handling at one tier, with a clock of its own."""

    name: str
    tier: str
    n: int
    unit: str

    @property
    def limit(self) -> Limit:
        """The time this step may take."""
        return Limit(self.n, self.unit)


@dataclass(frozen=True, slots=True)
class Pause:
    """A special procedure that the item allows.

    With `counts` the clock of the case runs on meanwhile, because the item's own rule says so.
    `least` and `most` bound its length. `shows` and `hides` name what a posted notice may hold.
    """

    kind: str
    counts: bool
    least: Limit | None = None
    most: Limit | None = None
    shows: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class ItemMaterial:
    """A paper the item asks for.

    `need` is `main` (must be there), `tolerable` (may follow), `shared` (fetched from another
    body, asked for only when not found) or `conditional` (main when `condition` holds).
    """

    code: str
    need: str
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class ItemField:
    """A field of the item's form, by name; the catalogue holds what the name means."""

    name: str
    optional: bool


@dataclass(frozen=True, slots=True)
class UrgentRoute:
    """Relief first, papers afterwards, on two clocks of its own."""

    when: Expression
    act_within: Limit
    papers_within: Limit
    skip: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Joint:
    """How several bodies answer together: `consent` is `all` or `independent`.

    `consulted` and `parts` are free text: bodies and items may belong to other jurisdictions.
    """

    lead: str
    consulted: tuple[str, ...]
    each: Limit
    consent: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fee:
    """What is paid: `none`, `fixed`, or `per_unit` of the product of `over_fields`."""

    kind: str
    yuan: Decimal = Decimal(0)
    reissue_yuan: Decimal | None = None
    unit: str = ""
    over_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The document or act that ends the item; without `validity_months` it never expires."""

    name: Text
    validity_months: int | None
    validity_days: int | None = None
    pays_from: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """A restraint on the item; `negative_list` forbids it for proofs no committee may give."""

    negative_list: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One service item under one version; a case keeps the version it was accepted under.

    `rights` names every tier of the catalogue, highest first. `decide_limits` is the largest
    sum in yuan that a tier may decide; None is no bound, and so is a tier that is not named.
    """

    code: str
    version: str
    name: Text
    dept: Text
    category: str
    legal_type: str
    seed_kind: str
    handling: str
    village_mode: str
    rights: Mapping[str, tuple[str, ...]]
    legal: Limit | None
    promised: Limit
    result: Result
    steps: tuple[Step, ...] = ()
    pauses: tuple[Pause, ...] = ()
    materials: tuple[ItemMaterial, ...] = ()
    fields: tuple[ItemField, ...] = ()
    checks: tuple[Expression, ...] = ()
    extend: Limit | None = None
    any_place: bool = False
    urgent_route: UrgentRoute | None = None
    decide_limits: Mapping[str, Decimal | None] = field(default_factory=dict)
    joint: Joint | None = None
    privacy: str = ""
    fee: Fee = field(default_factory=lambda: Fee("none"))
    batch: bool = False
    guard: Guard | None = None
    national_code: str = ""

    def rights_of(self, tier: str) -> tuple[str, ...]:
        """The rights of a tier, none for a tier that the item does not name.

        Every tier may query the cases of its own subtree, so `query` is never missing.
        """
        rights = self.rights.get(tier, ())
        return rights if "query" in rights else ("query", *rights)

    @property
    def deciding_tiers(self) -> tuple[str, ...]:
        """The tiers that may decide, highest first; never empty."""
        return tuple(tier for tier, rights in self.rights.items() if "decide" in rights)

    @property
    def audience_tiers(self) -> tuple[str, ...]:
        """The tiers that must read the body: those of the steps and the lowest that decides."""
        wanted = {step.tier for step in self.steps} | set(self.deciding_tiers[-1:])
        return tuple(tier for tier in self.rights if tier in wanted)

    def may_decide(self, tier: str, amount: Decimal | None = None) -> bool:
        """Tell whether a tier may decide a case of this amount (yuan); None is no amount."""
        if tier not in self.deciding_tiers:
            return False
        bound = self.decide_limits.get(tier)
        return bound is None or amount is None or amount <= bound

    def pause(self, kind: str) -> Pause | None:
        """The special procedure of this kind, or None where the item does not allow it."""
        return next((pause for pause in self.pauses if pause.kind == kind), None)
