"""The whole tree keeps the rules of tidiness, and each rule notices when it is broken."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath

import pytest

from tests.architecture import source_tree, tidiness

# Tabs mean something in a Makefile; licence and lock are not our words.
MAY_HOLD_TABS = {Path("Makefile"), Path("postroad/audit/court/verify.go")}
NOT_OUR_WORDS = {Path("LICENSE"), Path("tests/interop/peers/excluded-titles.json")}


def findings(
    paths: Iterable[Path], rule: Callable[[Path, str], Iterable[str]]
) -> Iterator[str]:
    for path in paths:
        for finding in rule(path, source_tree.read(path)):
            yield f"{path}: {finding}"


def of_text(rule: Callable[[str], Iterable[str]]) -> Callable[[Path, str], Iterable[str]]:
    return lambda _path, text: rule(text)


def test_no_file_holds_left_over_marks_or_words_of_another_place() -> None:
    paths = (path for path in source_tree.files() if path not in NOT_OUR_WORDS)

    assert list(findings(paths, of_text(tidiness.unwanted_words))) == []


def test_no_file_holds_tabs() -> None:
    paths = (path for path in source_tree.files() if path not in MAY_HOLD_TABS)

    assert list(findings(paths, of_text(tidiness.tabs))) == []


def test_every_module_is_short_enough_to_hold_one_idea() -> None:
    assert list(findings(source_tree.files(".py"), of_text(tidiness.long_module))) == []


def test_every_function_is_short_enough_to_be_read_in_one_piece() -> None:
    assert list(findings(source_tree.files(".py"), of_text(tidiness.long_functions))) == []


def test_only_commands_print() -> None:
    assert list(findings(source_tree.product_modules(), tidiness.prints)) == []


def test_only_main_modules_and_the_driver_catch_everything() -> None:
    assert list(findings(source_tree.files(".py"), tidiness.broad_handlers)) == []


def test_every_public_thing_of_the_product_says_what_it_is() -> None:
    modules = source_tree.product_modules()

    assert list(findings(modules, of_text(tidiness.missing_docstrings))) == []


def test_no_test_is_switched_off() -> None:
    modules = source_tree.files(".py", under="tests")

    assert list(findings(modules, of_text(tidiness.unconditional_skips))) == []


@pytest.mark.parametrize(
    "line",
    [
        "# TO" + "DO: measure",
        "see /wor" + "k/main",
        "cp /tmp/p" + "r/contract.md .",
        "--index-url https://pypi." + "org/simple",
        "registry.npm" + "js.com",
        "Fixes " + "#12",
        "as requested" + " in the review",
        "x = y  # type: igno" + "re",
        "x = y  # no" + "qa",
    ],
)
def test_an_unwanted_word_is_noticed(line: str) -> None:
    (finding,) = tidiness.unwanted_words(f"fine\n{line}\nfine")

    assert finding.startswith("line 2: ")


@pytest.mark.parametrize(
    "line",
    [
        "the work/life of a clerk, docs/work/ and network/",
        "x = y  # type: igno" + "re[no-untyped-call]",
        "x = y  # no" + "qa: S608",
        "issue the document, ticket number #A7",
    ],
)
def test_a_word_that_only_looks_unwanted_passes(line: str) -> None:
    assert list(tidiness.unwanted_words(line)) == []


def test_a_tab_is_noticed() -> None:
    assert list(tidiness.tabs("a\nb\tc")) == ["line 2: a tab"]


def test_a_module_may_have_400_lines_and_not_one_more() -> None:
    assert list(tidiness.long_module("x = 1\n" * 400)) == []
    assert list(tidiness.long_module("x = 1\n" * 401)) == ["401 lines (at most 400)"]


def test_a_function_may_have_60_lines_and_not_one_more() -> None:
    def of_lines(count: int) -> str:
        return "class Post:\n    def carry(self):\n" + "        x = 1\n" * (count - 1)

    assert list(tidiness.long_functions(of_lines(60))) == []
    assert list(tidiness.long_functions(of_lines(61))) == ["line 2: carry has 61 lines"]


def test_a_print_is_noticed_outside_commands() -> None:
    text = "def carry():\n    print('carried')\n"

    assert list(tidiness.prints(PurePath("sync/driver.py"), text)) == ["line 2: print"]
    assert list(tidiness.prints(PurePath("node/cli.py"), text)) == []


@pytest.mark.parametrize("caught", ["", " Exception", " (OSError, BaseException)"])
def test_a_broad_handler_is_noticed_outside_main(caught: str) -> None:
    text = f"try:\n    carry()\nexcept{caught}:\n    wait()\n"

    assert len(list(tidiness.broad_handlers(PurePath("sync/session.py"), text))) == 1
    assert list(tidiness.broad_handlers(PurePath("node/__main__.py"), text)) == []


def test_a_handler_that_cleans_up_and_raises_again_passes() -> None:
    text = "try:\n    carry()\nexcept BaseException:\n    lock.release()\n    raise\n"

    assert list(tidiness.broad_handlers(PurePath("sync/stores/sqlite.py"), text)) == []


def test_a_missing_docstring_is_noticed_on_module_class_function_and_method() -> None:
    text = "class Post:\n    def carry(self): ...\n\ndef weigh(): ...\n\ndef _inner(): ...\n"

    assert list(tidiness.missing_docstrings(text)) == [
        "the module has no docstring",
        "line 1: Post has no docstring",
        "line 2: carry has no docstring",
        "line 4: weigh has no docstring",
    ]


@pytest.mark.parametrize("mark", ["skip", "xfail(reason='slow')"])
def test_a_test_that_was_switched_off_is_noticed(mark: str) -> None:
    text = f"@pytest.mark.{mark}\ndef test_post(): ...\n"

    assert list(tidiness.unconditional_skips(text)) == ["line 2: test_post is switched off"]
