import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from postroad.cli import SUBJECTS, build_parser, main
from postroad.exit_codes import ExitCode
from web.texts import Texts

NOWHERE = "/nowhere/at/all"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0

    assert capsys.readouterr().out.startswith("Postroad 0.")


def test_json_is_one_object_a_line_for_every_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--json", "version"]) == main(["version", "--json"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert {json.loads(line)["message"] for line in lines} == {"version.shown"}


def test_chinese_is_spoken_where_the_locale_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")

    main(["version"])

    assert capsys.readouterr().out.startswith("驿路 ")


@pytest.mark.parametrize("words", [["--lang", "zh", "version"], ["version", "--lang=zh"]])
def test_the_language_can_be_named_anywhere(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(words) == 0

    assert capsys.readouterr().out.startswith("驿路 ")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frobnicate"],
        ["network"],
        ["network", "make"],
        ["network", "make", "--divisions", "x", "--out", "y", "--base-port", "many"],
        ["network", "make", "--divisions", "x", "--out", "y", "--argon2-memory-kib", "1"],
        ["version", "--lang", "fr"],
        ["version", "--js"],
    ],
)
def test_a_line_that_is_no_command_gives_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(words) == 2

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("postroad: ")
    assert output.err.endswith(" --help\n")
    assert output.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["network", "show", NOWHERE], ExitCode.REFUSED),
        (["registry", "verify", NOWHERE, "--root-key", "ab"], ExitCode.USAGE),
        (["registry", "verify", NOWHERE, "--root-key", "ab" * 32], ExitCode.SYSTEM),
        (
            ["receipt", "verify", "x", "--registry", NOWHERE, "--root-key", "ab" * 32],
            ExitCode.SYSTEM,
        ),
        (["store", "check", NOWHERE], ExitCode.SYNC),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_expected_error_gives_one_line_with_a_hint_and_no_traceback(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, language: str
) -> None:
    assert main([*words, "--lang", language]) == code

    error = capsys.readouterr().err
    assert error.startswith("postroad: ")
    assert "; " in error
    assert error.count("\n") == 1


def test_a_fault_of_the_program_shows_where_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_arguments: argparse.Namespace) -> None:
        raise ZeroDivisionError("nothing to share")

    monkeypatch.setattr("postroad.version.show_version", fail)

    assert main(["version"]) == ExitCode.FAULT

    error = capsys.readouterr().err
    assert "Traceback" in error
    assert "postroad: a fault of the program (ZeroDivisionError: nothing to share); " in error


def test_the_user_may_break_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(_arguments: argparse.Namespace) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("postroad.version.show_version", break_off)

    assert main(["version"]) == ExitCode.INTERRUPTED


def test_every_subject_can_be_loaded() -> None:
    for module in SUBJECTS.values():
        assert callable(importlib.import_module(module).add_commands)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_help_of_our_own_subjects_has_a_text(language: str) -> None:
    for subject, module in SUBJECTS.items():
        if module.startswith("postroad."):
            parser = build_parser(Texts(language), [subject])
            for leaf in leaves(parser):
                assert leaf.description
                assert not untranslated(leaf), leaf.prog


def leaves(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                found += leaves(child)
    return found


def untranslated(parser: argparse.ArgumentParser) -> list[str]:
    keys = [action.help for action in parser._actions if action.help] + [parser.description]
    shown = parser.format_help()
    return [key for key in keys if key and key in shown.split()]


def test_a_process_ends_with_the_code_and_leaves_standard_output_to_results() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "postroad", "network", "show", NOWHERE, "--lang", "en"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert result.returncode == 5
    assert result.stdout == ""
    assert result.stderr.startswith(f"postroad: there is no network in {NOWHERE}; ")


def test_the_program_refuses_to_run_without_its_own_checks() -> None:
    result = subprocess.run(
        [sys.executable, "-O", "-m", "postroad", "version", "--lang", "en"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert result.returncode == 4
    assert "started with -O" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_terminal_that_knows_no_chinese_does_not_end_the_command(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "postroad", "version", "--lang", "zh"],
        env={"PYTHONIOENCODING": "ascii", "PYTHONPYCACHEPREFIX": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert result.returncode == 0
    assert result.stdout.startswith("\\u9a7f\\u8def ")


def test_a_reader_who_leaves_early_gets_no_traceback() -> None:
    command = f"{sys.executable} -m postroad version --lang en | true; exit ${{PIPESTATUS[0]}}"

    result = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False
    )

    assert result.stderr == ""
    assert result.returncode in {0, ExitCode.SYSTEM}
