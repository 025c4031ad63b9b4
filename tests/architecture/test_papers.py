"""The papers hang together: links, files, decisions, and the two languages of the README."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture import documentation, papers, source_tree

README = Path("README.md")
README_ZH = Path("README.zh-CN.md")
DECISIONS = sorted(
    path for path in source_tree.files(".md", under="docs/decisions") if path.name[0].isdigit()
)
PAPERS = [path for path in source_tree.files(".md") if path.parts[0] != "tests"]
CHAPTERS = ["Context", "Choice", "What we gave up"]
DECISION_WORDS_MAX = 500


@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_every_link_to_a_file_of_the_repository_leads_somewhere(paper: Path) -> None:
    folder = source_tree.ROOT / paper.parent

    dead = [
        link
        for link in papers.local_links(source_tree.read(paper))
        if not (folder / link).exists()
    ]

    assert dead == []


@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_every_file_that_a_paper_names_is_there(paper: Path) -> None:
    named = papers.named_files(source_tree.read(paper))

    assert [path for path in named if not (source_tree.ROOT / path).exists()] == []


def test_both_languages_of_the_readme_give_the_same_commands_and_lead_to_the_same_papers() -> (
    None
):
    english, chinese = source_tree.read(README), source_tree.read(README_ZH)

    assert documentation.named_targets(english) == documentation.named_targets(chinese)
    assert documentation.named_commands(english) == documentation.named_commands(chinese)
    assert set(papers.local_links(english)) - {README_ZH.name} == (
        set(papers.local_links(chinese)) - {README.name}
    )


def test_the_readme_begins_with_the_two_commands_that_set_everything_up() -> None:
    blocks = re.findall(
        r"^```[a-z]*\n(.*?)^```", source_tree.read(README), re.MULTILINE | re.DOTALL
    )

    assert blocks[0].split("\n")[:2] == ["make demo", "make test"]


def test_no_two_decisions_share_a_number() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]

    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("paper", DECISIONS, ids=str)
def test_a_decision_says_context_choice_and_price_on_half_a_page(paper: Path) -> None:
    text = source_tree.read(paper)

    assert text.startswith(f"# {paper.name[:4]}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == CHAPTERS
    assert len(text.split()) <= DECISION_WORDS_MAX


def test_the_decision_on_libraries_names_each_that_we_depend_on() -> None:
    text = source_tree.read(Path("docs/decisions/0014-libraries.md"))
    project = tomllib.loads(source_tree.read(Path("pyproject.toml")))["project"]

    assert set(papers.table(text, "Library")) == set(project["dependencies"])


def test_the_changelog_puts_security_first() -> None:
    unreleased = papers.chapter(source_tree.read(Path("CHANGELOG.md")), "[Unreleased]")

    assert re.findall(r"^### (.+)$", unreleased, re.MULTILINE)[0] == "Security"
