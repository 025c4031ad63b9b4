"""Imports point downwards, and the contracts notice when they do not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import PACKAGES, ROOT

LINTER = "from importlinter.cli import lint_imports_command as check; check()"


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINTER, "--no-logo", "--no-cache"],
        cwd=root,
        env={"COLUMNS": "200", "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """The packages without their content, under the contracts of the repository."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    folders = [*PACKAGES, "security/tunnel", "sync/protocol", "sync/stores", "web/pages"]
    for folder in folders:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    return tmp_path


def test_the_tree_keeps_every_contract() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout


def test_an_empty_tree_keeps_every_contract(skeleton: Path) -> None:
    result = lint_imports(skeleton)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("security/grants.py", "import cases", "Imports point downwards"),
        ("sync/session.py", "import cases", "Imports point downwards"),
        ("node/app.py", "import hub", "Imports point downwards"),
        ("cases/fold.py", "import security", "cases imports nothing of ours"),
        ("cases/fold.py", "import time", "touch no clock"),
        ("security/grants.py", "from secrets import token_bytes", "touch no clock"),
        ("sync/protocol/push.py", "import socket", "touch no clock"),
        ("sync/stores/sqlite.py", "import cloudant", "cloudant is used only by"),
        ("hub/relay.py", "import paramiko", "paramiko is used only by"),
        ("casebook/book.py", "from flask import g", "flask is used only by"),
    ],
)
def test_an_import_that_points_upwards_or_outwards_is_noticed(
    skeleton: Path, module: str, line: str, contract: str
) -> None:
    (skeleton / module).write_text(f"{line}\n", encoding="utf-8")

    result = lint_imports(skeleton)

    assert result.returncode == 1
    broken = [row for row in result.stdout.splitlines() if row.endswith(" BROKEN")]
    assert any(contract in row for row in broken), result.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("security/keystore.py", "import os"),
        ("security/tunnel/client.py", "import paramiko, threading"),
        ("sync/stores/couch_client.py", "import cloudant"),
        ("web/pages/shell.py", "import flask"),
    ],
)
def test_an_adapter_may_import_what_it_adapts(skeleton: Path, module: str, line: str) -> None:
    (skeleton / module).write_text(f"{line}\n", encoding="utf-8")

    result = lint_imports(skeleton)

    assert result.returncode == 0, result.stdout
