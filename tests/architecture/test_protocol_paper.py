"""What docs/protocol.md says of formats, fields, codes and limits is what the code does."""

import ast
import importlib
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path

import pytest

from cases import grammar, states
from security import bundles, header
from sync import feeds, quarantine
from sync.protocol import compare_messages, downstream, frames, messages, upstream
from tests.architecture import papers, source_tree
from tests.golden.wire.samples import MESSAGES

PAPER = source_tree.read(Path("docs/protocol.md"))
TUNNEL_CODES = {"host_key", "login_refused", "target_refused"}


def constant(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def first_texts_of_calls(folder: str, names: set[str]) -> Iterator[str]:
    for path in source_tree.files(".py", under=folder):
        for node in ast.walk(ast.parse(source_tree.read(path))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = node.args[0] if node.args else None
                if node.func.id in names and isinstance(first, ast.Constant):
                    yield str(first.value)


@pytest.mark.parametrize("machine", [upstream, downstream], ids=["child", "parent"])
def test_the_state_diagrams_are_those_of_the_tables(machine: object) -> None:
    name = getattr(machine, "__name__", "")
    transitions = getattr(machine, "TRANSITIONS", {})

    drawn = papers.marked_block(PAPER, f"diagram: {name}")

    assert drawn == papers.diagram(transitions)


def test_the_limits_are_those_of_the_code() -> None:
    stated = papers.table(PAPER, "Constant")

    real = {path: constant(path) for path in stated}

    assert real == {path: int(cells[0]) for path, cells in stated.items()}


def test_the_keys_of_a_header_are_those_of_the_code() -> None:
    stated = papers.table(papers.chapter(PAPER, "Header"), "Key")

    assert tuple(stated) == header._KNOWN


@pytest.mark.parametrize(
    ("title", "fields"),
    [
        ("exchange", messages.exchange_fields),
        ("answer", messages.answer_fields),
        ("refusal", messages.refusal_fields),
        ("compare", compare_messages.compare_fields),
        ("compared", compare_messages.compared_fields),
    ],
)
def test_the_keys_of_a_message_are_those_of_the_code(title: str, fields: object) -> None:
    stated = [
        [key for key in one if key != "Key"]
        for one in papers.tables(papers.chapter(PAPER, "Messages"))
        if "Key" in one
    ]

    assert callable(fields)
    assert list(fields(MESSAGES[title])) in stated


def test_the_keys_of_a_bundle_are_those_of_the_code() -> None:
    stated = papers.table(papers.chapter(PAPER, "Bundle"), "Head key")
    head = bundles.BundleHead(bundles.UP, "", "", "", epoch=1, made_ms=0)

    assert tuple(stated) == tuple(bundles._to_map(head))


def test_the_kinds_of_frames_are_those_of_the_code() -> None:
    stated = papers.table(PAPER, "Kind", "Frame")

    assert {int(kind): cells[0] for kind, cells in stated.items()} == {
        kind.value: kind.name.lower() for kind in frames.FrameKind
    }


def test_the_codes_of_refusals_are_those_of_the_code() -> None:
    stated = papers.table(papers.chapter(PAPER, "Messages"), "Code")

    given = set(first_texts_of_calls("sync", {"Refusal", "RefusedError"}))
    assert set(stated) == given | TUNNEL_CODES


def test_the_reasons_of_quarantine_are_those_of_the_code() -> None:
    stated = papers.table(papers.chapter(PAPER, "The gate"), "Reason")

    assert set(stated) == set(quarantine.REASONS)
    places = {place.value for place in feeds.Place} - {"next", "in_gap"}
    assert places < set(quarantine.REASONS)


def test_the_acts_their_facts_and_their_rules_are_those_of_the_code() -> None:
    stated = papers.table(PAPER, "Act")

    groups = papers.table(PAPER, "Group")
    facts = {act: papers.code_words(cells[0]) for act, cells in stated.items()}
    rules = {
        act: (
            _states(cells[1], groups),
            papers.code_words(cells[2])[0] if cells[2] != "-" else None,
            cells[3],
        )
        for act, cells in stated.items()
    }
    assert facts == {act: tuple(wanted) for act, wanted in grammar.BY_ACT.items()}
    assert rules == {
        act: (rule.sources, rule.target, rule.by) for act, rule in states.RULES.items()
    }


def _states(cell: str, groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The states of a cell, in which a group stands for its members."""
    found: list[str] = []
    for word in cell.split(", "):
        found += papers.code_words(groups[word][0] if word in groups else word)
    return tuple(found)


def test_every_format_names_golden_files_that_are_there() -> None:
    stated = papers.table(PAPER, "Format")

    for cells in stated.values():
        folder = source_tree.ROOT / papers.code_words(cells[0])[0]
        assert any(folder.iterdir()), folder


def test_a_diagram_names_every_way_and_ends_where_nothing_follows() -> None:
    class Lamp(Enum):
        DARK = "dark"
        LIT = "lit"

    class Struck:
        """A match was struck."""

    table: Mapping[Enum, Mapping[type, tuple[Enum, ...]]] = {
        Lamp.DARK: {Struck: (Lamp.LIT, Lamp.DARK)},
        Lamp.LIT: {},
    }

    assert papers.diagram(table).splitlines() == [
        "stateDiagram-v2",
        "    [*] --> dark",
        "    dark --> lit: Struck",
        "    dark --> dark: Struck",
        "    lit --> [*]",
    ]
