"""The intake page: a form made from the item, checked here, and turned into a case."""

from dataclasses import replace

from flask import (
    abort,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from casebook.registers import earlier_registers
from cases.catalogue import Catalogue
from cases.errors import NumberError, UnlawfulActError
from cases.items import Item
from cases.registers import register_field, sums
from web.caselines import reason_text
from web.conditions import finding_text
from web.context import context
from web.counter.intakeform import (
    Judged,
    Posted,
    Rules,
    blocks,
    by_place,
    condition_fields,
    judge,
    optional_fields,
    read_posted,
    shown_rows,
)
from web.counter.items import item_of, offer
from web.counter.receipt import FRESH
from web.counter.registersheet import with_sheet
from web.drafts import drafts_here
from web.language import remember_language, use_language
from web.presenting import acceptance_wd, t, today
from web.sheets import SheetError
from web.texts import LANGUAGES

DRAFT_BYTES = 16
COLUMNS_BESIDE_PAPERS = 4
"""A wider table takes the whole width, and the papers stand below it."""

_LANGUAGE = "language-"

Answer = str | tuple[str, int] | AnyResponse


def show(item: str) -> str:
    """An empty form for an item, or one as it was last saved."""
    found = _receivable(item)
    rules = _rules(found)
    draft = drafts_here().load(g.clerk.user, request.args.get("draft", ""))
    if draft is not None and draft.item == found.code:
        form = {**draft.values, "draft": draft.token}
        posted = read_posted(found, rules.catalogue, rules.divisions, form)
        saved = draft.saved_ms
    else:
        posted = Posted(values={}, draft=context().random_bytes(DRAFT_BYTES).hex())
        saved = None
    judged = judge(rules, posted, accepting=False)
    return _page(found, posted, judged, checked=False, restored=saved)


def take_in(item: str) -> Answer:
    """Check a form; on `receive` or `accept` make it a case and lead to the receipt."""
    found = _receivable(item)
    rules = _rules(found)
    posted = read_posted(found, rules.catalogue, rules.divisions, request.form)
    if posted.for_unit and posted.for_unit not in without_machine():
        abort(400)
    wish = request.form.get("do", "check")
    if wish == "sheet":
        return _from_sheet(found, rules, posted)
    accepting = wish == "accept"
    judged = judge(rules, posted, accepting=accepting)
    if wish.startswith(_LANGUAGE):
        return _in_language(wish.removeprefix(_LANGUAGE), found, posted, judged)
    if wish not in ("receive", "accept"):
        return _page(found, posted, judged, checked=wish == "check")
    if accepting and not offer(found).may_accept:
        return _refused(found, posted, judged, reason_text("no_right"))
    if judged.errors:
        return _page(found, posted, judged, checked=True), 422
    return _receive(found, posted, judged, accepting=accepting)


def _from_sheet(item: Item, rules: Rules, posted: Posted) -> Answer:
    """Put the rows of an uploaded sheet into the form, each fault at its cell."""
    try:
        brought = with_sheet(rules, posted, request.files.get("sheet"))
    except SheetError as error:
        fault = error.fault
        params = {**fault.params, "line": str(fault.line), "column": fault.column}
        line = finding_text(fault.code, params)
        judged = judge(rules, posted, accepting=False)
        return _page(item, posted, judged, checked=False, refusal=line), 422
    judged = judge(rules, brought.posted, accepting=False)
    errors = (*brought.findings, *judged.errors)
    return _page(item, brought.posted, replace(judged, errors=errors), checked=True)


def without_machine() -> tuple[str, ...]:
    """The places directly below this unit that have no installation of their own."""
    tree, book = context().divisions, context().casebook
    unit = book.station.unit
    known = {one.code for one in book.registry.units()}
    below = tree.children(unit) if unit in tree else ()
    return tuple(code for code in below if code not in known)


def _receive(item: Item, posted: Posted, judged: Judged, *, accepting: bool) -> Answer:
    book = context().casebook
    try:
        received = book.receive(item.code, judged.intake(posted), g.clerk, posted.draft)
    except UnlawfulActError as error:
        return _refused(item, posted, judged, reason_text(error.code, error.params))
    except NumberError:
        return _refused(item, posted, judged, t("node.intake.no_number"))
    # A form that was sent twice gives the case that its first sending made, already accepted.
    if accepting and book.state(received.case).state == "received":
        owed = [paper.material.code for paper in judged.papers if paper.chosen == "owed"]
        act, facts = ("accept_tolerant", {"owed": owed}) if owed else ("accept", {})
        try:
            book.act(received.case, act, g.clerk, facts=facts)
        except UnlawfulActError:
            flash("node.intake.not_accepted", "notice")
    drafts_here().forget(g.clerk.user, posted.draft)
    context().poke()
    session[FRESH] = received.case.hex()
    return redirect(url_for(".receipt", case=received.case.hex()), 303)


def _refused(item: Item, posted: Posted, judged: Judged, line: str) -> tuple[str, int]:
    return _page(item, posted, judged, checked=True, refusal=line), 409


def _in_language(language: str, item: Item, posted: Posted, judged: Judged) -> Answer:
    if language not in LANGUAGES:
        abort(400)
    use_language(language)
    response = make_response(_page(item, posted, judged, checked=False))
    remember_language(response, language)
    return response


def _receivable(code: str) -> Item:
    item = item_of(code)
    if not offer(item).may_receive:
        abort(403, "item")
    return item


def _rules(item: Item) -> Rules:
    book = context().casebook
    earlier = earlier_registers(book, item, g.clerk)
    return Rules(item, book.catalogue, context().divisions, today(), earlier)


def _without_tables(judged: Judged, catalogue: Catalogue) -> dict[str, object]:
    """The cleaned values; tables with a fault stay as typed, so that no wrong cell is lost."""
    wrong = {one.field.partition(".")[0] for one in judged.errors}
    return {
        name: value
        for name, value in judged.cleaned.items()
        if catalogue.fields[name].type != "rows" or name not in wrong
    }


def _sums(item: Item, values: dict[str, object]) -> dict[str, str]:
    catalogue = context().casebook.catalogue
    field = register_field(item, catalogue)
    if field is None:
        return {}
    rows = [row for row in shown_rows(values[field.name], more=False) if any(row.values())]
    return {name: str(total) for name, total in sums(field, catalogue, rows).items()}


def _page(
    item: Item,
    posted: Posted,
    judged: Judged,
    *,
    checked: bool,
    refusal: str = "",
    restored: int | None = None,
) -> str:
    catalogue = context().casebook.catalogue
    values = {
        entry.name: posted.values.get(entry.name, catalogue.fields[entry.name].default)
        for entry in item.fields
    }
    if checked:
        # What was filled in from the ID number, and values in their stored form.
        values |= _without_tables(judged, catalogue)
    more = request.form.get("do") == "rows"
    return render_template(
        "counter/intake.html",
        item=item,
        offer=offer(item),
        register=register_field(item, catalogue),
        register_sums=_sums(item, values),
        blocks=blocks(item, catalogue),
        catalogue=catalogue,
        optional=optional_fields(item),
        values=values,
        rows={
            name: shown_rows(value, more=more)
            for name, value in values.items()
            if catalogue.fields[name].type == "rows"
        },
        wide_table=any(
            len(catalogue.fields[name].columns) > COLUMNS_BESIDE_PAPERS for name in values
        ),
        papers=judged.papers,
        condition_fields=condition_fields(item, catalogue),
        reason=posted.reason,
        draft=posted.draft,
        errors=by_place(judged.errors) if checked else {},
        warnings=by_place(judged.warnings) if checked else {},
        needs_reason=judged.needs_reason and checked,
        checked=checked,
        refusal=refusal,
        restored=restored,
        villages=without_machine(),
        for_unit=posted.for_unit,
        promise=catalogue.promise(item, context().casebook.station.tier),
        acceptance_wd=acceptance_wd(),
    )
