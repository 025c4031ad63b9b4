"""What an intake desk hands to the casebook, and what it gets back for the applicant."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper of an application.

    `state` is seen, original, copy, made, lacking, owed or fetched; `material` is a code of the
    catalogue.
    """

    material: str
    state: str


@dataclass(frozen=True, slots=True)
class Intake:
    """A checked form and the papers shown; `fields` are personal data.

    `for_unit` is the village without a machine for which a hub takes the case in.
    """

    fields: Mapping[str, object] = field(repr=False)
    papers: tuple[Paper, ...]
    warnings: tuple[str, ...] = ()
    reason: str = field(default="", repr=False)
    for_unit: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """A case that now has its number; `receipt` is the text of the QR code on paper."""

    case: bytes
    case_no: str
    query_code: str = field(repr=False)
    receipt: str = field(repr=False)
    at: str
