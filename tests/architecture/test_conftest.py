"""On a build server no skip hides a check that needs a real tool."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

SKIPPED_TEST = "import pytest\n\ndef test_tunnel():\n    pytest.skip('no sshd here')\n"
SKIPPED_MODULE = "import pytest\n\npytest.skip('no sshd here', allow_module_level=True)\n"


def run_tests(root: Path, folder: str, text: str, **environment: str) -> int:
    (root / "tests" / folder).mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "conftest.py", root / "tests")
    (root / "pytest.ini").touch()
    (root / "tests" / folder / "test_tunnel.py").write_text(text, encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if name != "CI"}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests"],
        cwd=root,
        env=inherited | environment,
        capture_output=True,
        timeout=50,
        check=False,
    )
    return result.returncode


@pytest.mark.parametrize("text", [SKIPPED_TEST, SKIPPED_MODULE])
def test_a_skip_of_a_real_tool_fails_on_a_build_server(tmp_path: Path, text: str) -> None:
    assert run_tests(tmp_path, "interop", text, CI="1") not in {0, 5}


def test_the_same_skip_passes_at_a_desk(tmp_path: Path) -> None:
    assert run_tests(tmp_path, "interop", SKIPPED_TEST) == 0


def test_a_skip_elsewhere_passes_on_a_build_server(tmp_path: Path) -> None:
    assert run_tests(tmp_path, "unit", SKIPPED_TEST, CI="1") == 0
