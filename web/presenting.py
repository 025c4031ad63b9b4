"""What templates may call: texts, names, times and lights, each ready to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask, g, request, url_for
from markupsafe import Markup

from casebook.times import local_date, local_text
from cases.catalogue import Field, Option
from cases.items import Limit, Text
from security.errors import TrustError
from web.conditions import condition_text, finding_text
from web.context import MenuEntry, context, shell
from web.language import texts
from web.lights import Clocked, Light, light_of
from web.lookups import near_places, place_name
from web.masking import mask_applicant, mask_name, mask_number
from web.sessions import csrf_token
from web.texts import LANGUAGES

_LINK_COLOURS = {
    "synchronised": "green",
    "waiting": "amber",
    "broken": "red",
    "held": "amber",
    "never": "grey",
}
FILE_STATES = ("paper", "photo_shown", "taken", "later")
"""How a document that a form asks for as a file was shown; the file itself stays on paper."""

_NUMBER_RULES = ("id_or_other", "id_number", "bank_card", "phone", "mobile", "uscc", "postcode")
_GROUPS = ((0, 12), (12, 14), (14, 20), (20, 24), (24, 25))


@dataclass(frozen=True, slots=True)
class LinkLight:
    """The light of the link to the unit above, as the top bar shows it."""

    colour: str
    text: str
    detail: str


def install(app: Flask) -> None:
    """Give all templates of an application the functions of this module."""
    app.jinja_env.globals.update(
        {
            "asset": asset,
            "near_places": near,
            "condition_text": condition_text,
            "csrf_field": csrf_field,
            "csrf_token": csrf_token,
            "day": day,
            "file_states": FILE_STATES,
            "finding_text": finding_text,
            "grouped": grouped,
            "is_number_like": is_number_like,
            "item_name": item_name,
            "light": light,
            "limit_text": limit_text,
            "link_light": link_light,
            "mask_applicant": mask_applicant,
            "mask_name": mask_name,
            "mask_number": mask_number,
            "moment": moment,
            "moment_ms": moment_ms,
            "option_list": option_list,
            "other_language": other_language,
            "place_of": place_of,
            "say": say,
            "sync_of": sync_of,
            "t": t,
            "term": term,
            "tier_name": tier_name,
            "unit_name": unit_name,
        }
    )
    app.context_processor(_names)


def t(key: str, /, **params: object) -> str:
    """The text of a key in the reader's language.

    Raises:
        TextsError: There is no such text; that is a fault of this program.
    """
    return texts().text(key, **params)


def term(prefix: str, code: str, **params: object) -> str:
    """The text of `prefix.code`, or the code itself where a newer program made it."""
    return texts().find(f"{prefix}.{code}", **params) or code


def say(text: Text) -> str:
    """A name of the catalogue in the reader's language."""
    return text.zh if texts().language == "zh" else text.en


def item_name(code: str) -> str:
    """The name of a service item, or its code where this catalogue does not have it."""
    item = context().casebook.catalogue.items.get(code)
    return say(item.name) if item else code


def privacy_of(code: str) -> str:
    """The privacy of a service item: `minor`, `health`, or nothing."""
    item = context().casebook.catalogue.items.get(code)
    return item.privacy if item else ""


def unit_name(code: str) -> str:
    """The name of a unit as the registry or the divisions have it, else its code."""
    try:
        return context().casebook.registry.unit(code).name
    except TrustError:
        divisions = context().divisions
        return divisions.unit(code).name if code in divisions else code


def tier_name(code: str) -> str:
    """The tier of a unit of the registry in words, empty for an unknown unit."""
    try:
        return term("tier", context().casebook.registry.unit(code).tier)
    except TrustError:
        return ""


def grouped(case_no: str) -> str:
    """A case number in groups, as on paper: `120103003001 01 261123 0007 7`."""
    return " ".join(part for start, end in _GROUPS if (part := case_no[start:end]))


def moment(text: str) -> str:
    """An ISO time as `2026-11-23 09:05`, empty for none."""
    return text[:16].replace("T", " ")


def day(text: str) -> str:
    """An ISO time or date as `2026-11-23`, empty for none."""
    return text[:10]


def moment_ms(now_ms: int | None) -> str:
    """Milliseconds since 1970 as `2026-11-23 09:05`, empty for none."""
    return "" if now_ms is None else moment(local_text(now_ms))


def limit_text(limit: Limit | None) -> str:
    """A limit in words, such as `5 working days`."""
    if limit is None:
        return t("limit.none")
    if limit.n == 0:
        return t("limit.at_once")
    return term("limit", limit.unit, n=limit.n)


def today() -> date:
    """The civil date of this machine."""
    return local_date(context().now_ms())


def acceptance_wd() -> int:
    """The working days in which an applicant must be told whether the case is accepted."""
    return context().casebook.catalogue.defaults.acceptance_decision_wd


def light(case: Clocked, due: str) -> Light:
    """The light of a case today, for the row of a list or for a whole state."""
    return light_of(case, due, today(), context().casebook.calendar, acceptance_wd())


def sync_of(own_seq: int) -> str:
    """How far what this unit wrote has come: `sent`, `waiting`, or `top` where nobody is above.

    The number is the store's sequence of the last record of a case that was written here.
    """
    status = context().status()
    if status is None:
        return "top"
    return "sent" if own_seq <= status.acked_seq else "waiting"


def link_light() -> LinkLight:
    """The light of the link to the unit above."""
    status = context().status()
    if status is None:
        return LinkLight("grey", t("link.top"), t("link.top_detail"))
    last = moment_ms(status.last_contact_ms) or t("link.no_contact")
    if status.refused and status.state == "synchronised":
        return LinkLight(
            "amber", t("link.refused", refused=status.refused), t("link.last_contact", at=last)
        )
    if status.state == "held":
        until = moment_ms(status.held_until_ms)
        return LinkLight(
            _LINK_COLOURS["held"],
            t(f"link.held_{status.held_by}", waiting=status.waiting, until=until),
            t("link.last_contact", at=last),
        )
    return LinkLight(
        _LINK_COLOURS[status.state],
        t(f"link.{status.state}", waiting=status.waiting),
        t("link.last_contact", at=last),
    )


def csrf_field() -> Markup:
    """The hidden field that every form needs."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(csrf_token())


def option_list(field: Field) -> Sequence[Option]:
    """The choices of a field of the catalogue."""
    return context().casebook.catalogue.enums[field.enum].options


def is_number_like(field: Field) -> bool:
    """Tell whether a text field holds a number, which is typed without an input method."""
    return any(rule in field.validators for rule in _NUMBER_RULES)


def near() -> list[tuple[str, str]]:
    """Code and name of the places that applicants at this unit most likely come from."""
    tree = context().divisions
    places = near_places(tree, context().casebook.station.unit)
    return [(place.code, place_name(tree, place.code)) for place in places]


def place_of(code: str) -> str:
    """A place with the places above it, empty for an unknown code."""
    return place_name(context().divisions, code)


def asset(name: str, owner: str = "") -> str:
    """The address of a static file, with its digest so that a browser may keep it."""
    endpoint = f"{owner}.static" if owner else "static"
    return url_for(endpoint, filename=name, v=shell().assets[f"{endpoint}/{name}"])


def other_language() -> str:
    """The language that the switch offers."""
    return LANGUAGES[1] if texts().language == LANGUAGES[0] else LANGUAGES[0]


def address_of(entry: MenuEntry) -> str:
    """The address that an entry of the navigation bar leads to."""
    values: dict[str, Any] = dict(entry.values)
    return url_for(entry.endpoint, **values)


def _names() -> dict[str, object]:
    return {
        "clerk": g.clerk,
        "station": context().casebook.station,
        "language": texts().language,
        "sync": context().status(),
        "menu": [entry for entry in shell().menu if _is_for_clerk(entry)],
        "address_of": address_of,
        "is_current": _is_current,
        "now": moment_ms(context().now_ms()),
        "version": context().version,
        "idle_ms": context().idle_ms,
        "is_sealed": context().is_sealed,
        "here": _here(),
    }


def _here() -> str:
    """The address of this page, to come back to after the language was switched."""
    if request.method != "GET":
        return "/"
    return request.full_path.removesuffix("?")


def _is_for_clerk(entry: MenuEntry) -> bool:
    if g.clerk is None:
        return False
    return not entry.roles or any(role in entry.roles for role in g.clerk.roles)


def _is_current(entry: MenuEntry) -> bool:
    return request.path == address_of(entry)
