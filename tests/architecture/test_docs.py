"""What is written for people is true: texts in both languages, commands, exit codes."""

import argparse
import importlib
from pathlib import Path

import pytest

from tests.architecture import catalogue_texts, documentation, source_tree

README = Path("README.md")
OPERATIONS = Path("docs/operations.md")
READERS_OF_TEXTS = ("casebook", "hub", "node", "postroad", "web")


def written(paper: Path) -> str:
    """The text of a paper, empty while there is none: then it makes no false claim."""
    return source_tree.read(paper) if (source_tree.ROOT / paper).exists() else ""


def starts_with_one_of(known: set[documentation.Command], words: documentation.Command) -> bool:
    return any(words[: len(command)] == command for command in known)


def every_message() -> dict[str, str]:
    collected: dict[str, str] = {}
    for path in source_tree.files("zh.po"):
        collected |= catalogue_texts.messages(source_tree.read(path))
    return collected


def exit_codes() -> set[int]:
    return {int(code) for code in importlib.import_module("postroad.exit_codes").ExitCode}


def commands() -> set[documentation.Command]:
    cli = importlib.import_module("postroad.cli")
    texts = importlib.import_module("web.texts").Texts("en")
    return set(documentation.subcommands(cli.build_parser(texts)))


def test_every_text_stands_in_chinese_and_in_english_with_the_same_parameters() -> None:
    found = []
    chinese = list(source_tree.files("zh.po"))
    for path in chinese:
        english = source_tree.read(path.with_name("en.po"))
        texts = [catalogue_texts.messages(text) for text in (source_tree.read(path), english)]
        found += [f"{path}: {line}" for line in catalogue_texts.differences(*texts)]

    assert found == []
    assert {path.with_name("en.po") for path in chinese} == set(source_tree.files("en.po"))


def test_no_key_stands_twice_in_a_catalogue() -> None:
    repeated = {
        path: keys
        for path in source_tree.files(".po")
        if (keys := catalogue_texts.repeated_keys(source_tree.read(path)))
    }

    assert repeated == {}


def test_every_text_that_a_page_or_a_command_asks_for_exists() -> None:
    keys = every_message()
    missing = []
    for folder in READERS_OF_TEXTS:
        for path in source_tree.files(under=folder):
            text = source_tree.read(path)
            asked = {
                ".html": catalogue_texts.asked_by_template,
                ".py": catalogue_texts.asked_by_module,
            }.get(path.suffix, lambda _text: iter(()))(text)
            missing += [f"{path}:{one.line}: {one.key}" for one in asked if not one.is_in(keys)]

    assert missing == []


def test_the_papers_name_only_make_targets_that_exist() -> None:
    targets = documentation.make_targets(source_tree.read(Path("Makefile")))
    unknown = {
        str(path): wrong
        for path in source_tree.files(".md")
        if (wrong := documentation.named_targets(source_tree.read(path)) - targets)
    }

    assert unknown == {}


@pytest.mark.parametrize("paper", [README, OPERATIONS])
def test_the_papers_name_only_commands_that_exist(paper: Path) -> None:
    named = documentation.named_commands(written(paper))
    known = commands() if named else set()

    assert {words for words in named if not starts_with_one_of(known, words)} == set()


def test_the_manual_of_operations_lists_every_exit_code_and_no_other() -> None:
    manual = written(OPERATIONS)

    assert not manual or documentation.listed_codes(manual) == exit_codes()


def test_the_manual_of_operations_names_every_command() -> None:
    manual = written(OPERATIONS)
    known = sorted(commands()) if manual else []

    assert [words for words in known if f"postroad {' '.join(words)}" not in manual] == []


def test_a_text_that_lacks_a_language_or_a_parameter_is_noticed() -> None:
    chinese = {"case.taken": "已接收", "case.sent": "已报送 {unit}", "case.late": "逾期"}
    english = {"case.taken": "taken", "case.sent": "sent to {name}", "case.late": ""}

    assert list(catalogue_texts.differences(chinese, english)) == [
        "case.late: without text in one language",
        "case.sent: different parameters",
    ]


def test_a_key_that_stands_twice_is_noticed() -> None:
    text = 'msgid "a.b"\nmsgstr "1"\n\nmsgid "a.b"\nmsgstr "2"\n'

    assert catalogue_texts.repeated_keys(text) == ["a.b"]


def test_a_template_asks_by_whole_keys_and_by_beginnings_of_keys() -> None:
    text = """<h1>{{ t("case.title") }}</h1>\n{{ t('act.' ~ act) }} {{ at("no.key") }}"""

    asked = [
        (one.key, one.is_prefix, one.line) for one in catalogue_texts.asked_by_template(text)
    ]

    assert asked == [("case.title", False, 1), ("act.", True, 2)]


def test_a_module_asks_by_whole_keys_and_by_beginnings_of_keys() -> None:
    text = (
        'texts.text("case.title")\nterminal.say(f"act.{act}")\n'
        'UsageError("a.b", n=1)\nx.text("no key")'
    )

    asked = [(one.key, one.is_prefix) for one in catalogue_texts.asked_by_module(text)]

    assert asked == [("case.title", False), ("act.", True), ("a.b", False)]


def test_a_key_without_text_is_noticed() -> None:
    whole = catalogue_texts.Asked("case.title", is_prefix=False, line=1)
    beginning = catalogue_texts.Asked("act.", is_prefix=True, line=1)

    assert not whole.is_in({"case.other": "别的"})
    assert not beginning.is_in({"case.title": "标题"})
    assert beginning.is_in({"act.take": "接收"})


def test_a_make_target_is_found_in_code_and_not_in_prose() -> None:
    text = "They make peace. Run `make demo`:\n\n```\nmake test T=x\n```\n"

    assert documentation.named_targets(text) == {"demo", "test"}
    assert documentation.make_targets("a b: c ## x\nV := 1\n.PHONY: d\n") == {"a", "b"}


def test_a_command_is_found_in_code_and_not_in_prose() -> None:
    text = "Our postroad is long.\n\n```\n$ postroad node run --config x\n```\n"

    assert documentation.named_commands(text) == {("node", "run")}


def test_an_exit_code_is_read_from_the_table_of_its_chapter() -> None:
    text = (
        "| 5 | no |\n\n## Exit codes\n\n|---|\n| `0` | ok |\n| 12 | 7 |\n\n## Ports\n\n| 80 |"
    )

    assert documentation.listed_codes(text) == {0, 12}


def test_the_commands_of_a_program_are_read_from_its_parser() -> None:
    parser = argparse.ArgumentParser()
    subjects = parser.add_subparsers()
    subjects.add_parser("version")
    subjects.add_parser("node").add_subparsers().add_parser("run")

    found = list(documentation.subcommands(parser))

    assert found == [("version",), ("node", "run")]
