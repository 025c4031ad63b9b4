"""The browser of the demonstration reads forms as a browser does."""

import pytest

from postroad.demo.browser import Page
from postroad.demo.errors import DemoError

TEXT = """
<a href="/cases/ab">one</a>
<form method="post" action="/intake/MZ-009">
  <input type="hidden" name="csrf" value="t&amp;1">
  <input name="f.name" value="">
  <select name="p.id_card"><option value="">?</option><option value="seen">s</option></select>
  <select name="f.sex">
    <option value="1">m</option><option value="2" selected>f</option>
  </select>
  <textarea name="reason">as before</textarea>
  <label><input type="radio" name="outcome" value="granted">g</label>
  <label><input type="radio" name="outcome" value="refused" checked>r</label>
  <button name="do" value="receive">R</button><button name="do" value="accept">A</button>
</form>
<form method="get" action="/cases"><input name="text"></form>
<figure data-receipt="v1|1"></figure>
"""
PAGE = Page(200, "/intake/MZ-009", TEXT)


def test_a_form_sends_what_it_holds_what_was_typed_and_the_button_that_was_pressed() -> None:
    form = PAGE.form("/intake/MZ-009")
    assert form is not None

    sent = form.filled({"f.name": "王例甲子", "p.id_card": "seen"}, "accept")

    assert sent == {
        "csrf": "t&1",
        "f.name": "王例甲子",
        "p.id_card": "seen",
        "f.sex": "2",
        "reason": "as before",
        "outcome": "refused",
        "do": "accept",
    }


@pytest.mark.parametrize(
    ("typed", "button"),
    [
        ({"f.absent": "x"}, ""),
        ({"p.id_card": "lost"}, ""),
        ({"outcome": "perhaps"}, ""),
        ({}, "burn"),
    ],
)
def test_a_field_a_choice_or_a_button_that_is_not_there_is_an_error(
    typed: dict[str, str], button: str
) -> None:
    form = PAGE.form("/intake/MZ-009")
    assert form is not None

    with pytest.raises(DemoError):
        form.filled(typed, button)


def test_only_posting_forms_are_found_by_their_address() -> None:
    assert PAGE.form("/cases") is None


def test_links_and_marks_of_a_page_are_read() -> None:
    assert PAGE.content.addresses == ["/cases/ab"]
    assert PAGE.mark("receipt") == "v1|1"
    assert PAGE.mark("absent") == ""
