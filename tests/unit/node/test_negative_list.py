"""The twenty proofs that no committee may give: refused, explained, and noted."""

import pytest

from cases.catalogue import load_catalogue
from cases.errors import CatalogueError
from cases.forms import check_form
from cases.negative import Proof
from tests.support.applications import TODAY, values_for
from tests.support.journals import journal_of
from tests.support.network import ROOT, catalogue
from tests.support.pages import Browser, Site, visible

SHIPPED = (ROOT / "configs" / "catalogue.yaml").read_text(encoding="utf-8")
LAW = "民发〔2020〕20号"


def test_the_list_has_the_twenty_proofs_of_the_rule() -> None:
    assert len(catalogue().negative.proofs) == 20
    assert LAW in catalogue().negative.law.zh


@pytest.mark.parametrize("proof", catalogue().negative.proofs, ids=lambda one: one.code)
def test_each_proof_is_found_by_its_name_and_by_its_words(proof: Proof) -> None:
    negative = catalogue().negative
    found = negative.proof(proof.code)
    assert found is not None

    assert all(found in negative.find(word) for word in (*found.words, found.name.en))


@pytest.mark.parametrize(("language", "word"), [("zh", "公安机关"), ("en", "Police or notary")])
def test_a_search_says_why_not_and_where_instead(site: Site, language: str, word: str) -> None:
    page = visible(site.browser(language=language).page("/items/found?q=亲属关系证明"))

    assert word in page
    assert "2020" in page


def test_a_search_for_a_service_shows_no_refusal(browser: Browser) -> None:
    assert LAW not in browser.page("/items?q=高龄津贴")


def test_a_refusal_is_a_notice_in_two_copies_and_a_note_in_the_journal(
    browser: Browser, site: Site
) -> None:
    page = browser.send("/refusals/kinship").text
    last = journal_of(site.place)[-1]

    assert page.count(LAW) == 2
    assert (last.action, last.thing) == ("refuse_proof", "kinship")
    assert last.clerk == f"{site.place.unit}-w1"
    assert len(site.place.casebook.rows("all").rows) == 0


def test_an_unknown_proof_is_not_refused(browser: Browser) -> None:
    assert browser.send("/refusals/other").status_code == 404


@pytest.mark.parametrize("purpose", ["用于证明其健在", "亲属 关系证明", "无犯罪记录证明"])
def test_a_guarded_statement_certifies_none_of_them(purpose: str) -> None:
    item = catalogue().items["SQ-001"]

    good = check_form(item, catalogue(), values_for(item, catalogue()), today=TODAY)
    values = values_for(item, catalogue(), {"purpose": purpose})
    bad = check_form(item, catalogue(), values, today=TODAY)

    assert good.is_acceptable
    assert [(one.field, one.code) for one in bad.errors] == [("purpose", "negative_list")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("code: dog,", "code: birth,"),
        ("words: [养犬]", "words: [犬]"),
        ("words: [养犬]", "words: []"),
        ("{code: dog, zh: 养犬证明,", "{code: dog,"),
    ],
)
def test_a_wrong_list_is_refused(old: str, new: str) -> None:
    assert old in SHIPPED

    with pytest.raises(CatalogueError, match="negative_list"):
        load_catalogue(SHIPPED.replace(old, new))
