"""What docs/operations.md says of settings, options, codes and files is true."""

import argparse
import ast
import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from postroad.exit_codes import ERRORS
from security import keystore
from tests.architecture import documentation, papers, source_tree
from web import opening, settings
from web.errors import SettingsError
from web.texts import Texts

PAPER = source_tree.read(Path("docs/operations.md"))
SETTINGS = papers.table(PAPER, "Key", "Example")
CONFIG = Path("config.toml")
GETTERS = {"text", "texts", "code", "key", "whole", "number", "has", "table"}


def example(without: str = "") -> dict[str, object]:
    """The tables of a configuration file made of the examples of the paper."""
    values: dict[str, dict[str, object]] = {}
    for key, cells in SETTINGS.items():
        table, name = key.split(".")
        if key != without:
            [written] = papers.code_words(cells[0])
            values.setdefault(table, {})[name] = tomllib.loads(f"value = {written}")["value"]
    return dict(values)


def asked_for() -> Iterator[str]:
    """The names of all tables and keys that the program takes from a configuration file."""
    for path in ("web/settings.py", "web/link_settings.py", "web/cluster_settings.py"):
        for node in ast.walk(ast.parse(source_tree.read(Path(path)))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                first = node.args[0] if node.args else None
                if node.func.attr in GETTERS and isinstance(first, ast.Constant):
                    yield str(first.value)


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from options(child)


def test_the_settings_of_the_paper_are_a_configuration() -> None:
    parsed = settings.parse_settings(example(), CONFIG)

    assert parsed.unit == "120103001001"


def test_the_paper_lists_every_setting_and_no_other() -> None:
    listed = {part for key in SETTINGS for part in key.split(".")}

    assert listed == set(asked_for())


@pytest.mark.parametrize("key", [key for key, cells in SETTINGS.items() if cells[1] != "no"])
def test_a_setting_that_is_needed_is_refused_when_it_is_missing(key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        settings.parse_settings(example(without=key), CONFIG)


@pytest.mark.parametrize("key", [key for key, cells in SETTINGS.items() if cells[1] == "no"])
def test_a_setting_that_is_not_needed_may_be_missing(key: str) -> None:
    settings.parse_settings(example(without=key), CONFIG)


def test_the_paper_states_the_default_cost_of_passwords() -> None:
    cost = settings.PasswordCost()

    assert f"; {cost.memory_kib} without the table" in SETTINGS["passwords.memory_kib"][2]
    assert f"; {cost.passes} without the table" in SETTINGS["passwords.passes"][2]


def test_the_paper_names_every_option_of_every_command() -> None:
    cli = importlib.import_module("postroad.cli")
    known = set(options(cli.build_parser(Texts("en")))) - {"-h"}

    assert {option for option in known if f"`{option}`" not in PAPER} == set()


def test_the_exit_codes_of_the_paper_belong_to_the_errors_that_it_names() -> None:
    stated = papers.table(papers.chapter(PAPER, "Exit codes"), "Code")

    named = {
        (name, int(code))
        for code, cells in stated.items()
        for name in papers.code_words(cells[1])
    }

    assert named == {(name.rpartition(".")[2], int(code)) for name, code in ERRORS}


def test_every_error_that_the_paper_explains_exists() -> None:
    explained = papers.table(papers.chapter(PAPER, "Errors"), "Error")
    modules = [path for path in source_tree.product_modules() if path.name == "errors.py"]
    known = {
        node.name
        for path in modules
        for node in ast.walk(ast.parse(source_tree.read(path)))
        if isinstance(node, ast.ClassDef)
    }

    assert set(explained) <= known


def test_the_paper_lists_the_files_of_an_installation() -> None:
    listed = set(papers.table(PAPER, "File", "Holds"))
    parsed = settings.parse_settings(example(), CONFIG)

    names = (
        keystore.DEVICE_SIGNING,
        keystore.DEVICE_READING,
        keystore.UNIT_SIGNING,
        keystore.SSH,
        keystore.SSH_CERTIFICATE,
        keystore.SSH_CA,
        keystore.HOST,
    )
    data = (parsed.store.name, parsed.read_model.name, opening.COOKIE_KEY_FILE)
    assert {f"keys/{name}" for name in names} | {f"data/{name}" for name in data} <= listed


def test_every_message_that_the_paper_explains_is_logged_somewhere() -> None:
    explained = papers.table(papers.chapter(PAPER, "Logs"), "Message")
    code = "\n".join(source_tree.read(path) for path in source_tree.product_modules())

    assert [message for message in explained if f'"{message}"' not in code] == []


def test_a_link_and_a_table_are_read_as_they_stand() -> None:
    text = (
        "| A | B |\n|---|---|\n| `x` | `y` \\| z |\n\n[here](docs/a.md#b) [there](https://c.d)"
    )

    assert papers.tables(text) == [{"A": ("B",), "x": ("`y` | z",)}]
    assert list(papers.local_links(text)) == ["docs/a.md"]
    assert documentation.named_targets("no code") == set()
