"""Templates and scripts: texts in both languages, nothing inline, nothing from outside."""

import re
from pathlib import Path

import pytest

from tests.support.network import ROOT, catalogue
from web.texts import LANGUAGES, Texts

TEMPLATES = sorted(
    path for folder in ("web", "node") for path in (ROOT / folder).rglob("templates/**/*.html")
)
SCRIPTS = sorted(
    path
    for folder in ("web", "node")
    for path in (ROOT / folder).rglob("static/*")
    if path.suffix in (".js", ".css", ".svg")
)

RULES = (
    *("cases/states.py", "cases/lifecycle.py", "cases/judging.py", "cases/folding.py"),
    *("casebook/ruling.py", "casebook/book.py"),
)
KEYS_ON_BUTTONS = {"Alt", "Esc", "PgDn", "PgUp", *(f"F{number}" for number in range(1, 13))}

_ASKED = re.compile(r"""(?<![\w.])t\(\s*(["'])(?P<key>[^"']+)\1\s*(?P<next>.)""")


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_a_template_asks_for_exists(path: Path, language: str) -> None:
    keys = Texts(language).keys()
    missing = []
    for match in _ASKED.finditer(path.read_text(encoding="utf-8")):
        key, is_whole = match["key"], match["next"] in ",)"
        known = key in keys if is_whole else any(each.startswith(key) for each in keys)
        if not known:
            missing.append(key)

    assert missing == []


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_template_holds_no_words_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{% block body_class %\}[a-z-]*", "", text)
    outside = re.sub(
        r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]*>|&[a-z]+;", " ", text, flags=re.DOTALL
    )

    words = set(re.findall(r"[\u4e00-\u9fff]+|\b[A-Za-z]{2,}\b", outside))

    assert words <= KEYS_ON_BUTTONS


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_template_holds_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert (
        re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)
        == []
    )


@pytest.mark.parametrize("path", [*TEMPLATES, *SCRIPTS], ids=names([*TEMPLATES, *SCRIPTS]))
def test_nothing_is_fetched_from_an_outside_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")

    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}|@import|url\(", text) == []


def codes(*modules: str) -> set[str]:
    """Every reason for which an act is refused, as those modules spell them."""
    found: set[str] = set()
    for module in modules:
        text = (ROOT / module).read_text(encoding="utf-8")
        found |= set(re.findall(r'UnlawfulActError\(\s*"([a-z_]+)"', text))
        found |= set(re.findall(r'return\s+(?:"" if [^\n]* else )?"([a-z_]+)"', text))
        found |= set(re.findall(r'"([a-z_]+)" if [^\n]* else "', text))
        found |= set(re.findall(r' else "([a-z_]+)"', text))
    return found


def flaws() -> set[str]:
    """Every code of a finding, as the modules of cases and the intake page spell them."""
    found: set[str] = set()
    paths = [*(ROOT / "cases").glob("*.py"), ROOT / "web/actforms.py", ROOT / "web/actinput.py"]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'\bFlaw\(\s*"([a-z_]+)"', text))
        found |= set(re.findall(r'\bflawed\(\s*[^,()]*(?:\([^()]*\))?,\s*"([a-z_]+)"', text))
        found |= set(re.findall(r'\bFinding\(\s*[^,]*,\s*"([a-z_]+)"', text))
    intake = (ROOT / "web/counter/intakeform.py").read_text(encoding="utf-8")
    return found | set(re.findall(r'\bFinding\([^,]*,\s*"([a-z_]+)"', intake))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_for_refusing_an_act_has_words(language: str) -> None:
    texts = Texts(language)
    known = set(texts.keys())
    wanted = codes(*RULES)

    assert {"no_custody", "segregation", "repeated_step", "not_above"} <= wanted
    assert [code for code in sorted(wanted) if f"unlawful.{code}" not in known] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_about_a_form_has_words(language: str) -> None:
    texts = Texts(language)
    known = set(texts.keys())
    wanted = flaws()

    assert {"id_check_digit", "required", "check_not_met", "paper_lacking"} <= wanted
    assert [code for code in sorted(wanted) if f"finding.{code}" not in known] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_catalogue_has_words(language: str) -> None:
    keys = Texts(language).keys()
    items = catalogue().items.values()
    wanted = {f"tier.{tier}" for tier in catalogue().tiers}
    for item in items:
        wanted |= {f"step.{step.name}" for step in item.steps}
        wanted |= {f"pause.{pause.kind}" for pause in item.pauses}
        wanted |= {f"need.{paper.need}" for paper in item.materials}
        wanted |= {f"handling.{item.handling}", f"village_mode.{item.village_mode}"}
        wanted |= {f"fee.{item.fee.kind}", f"limit.{item.promised.unit}"}
        wanted |= {f"right.{right}" for own in item.rights.values() for right in own}
    wanted |= {f"paper_form.{paper.form}" for paper in catalogue().materials.values()}

    assert sorted(wanted - set(keys) - {"right.query"}) == []
