"""A clean machine gets exactly what was tested: lock, package list and set-up agree."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.architecture import source_tree

PROJECT = tomllib.loads(source_tree.read(Path("pyproject.toml")))
ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")


def normal(name: str) -> str:
    """The name of a distribution as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def entries(lock: str) -> list[str]:
    """The entries of a lock, one line each."""
    unfolded = lock.replace("\\\n", " ")
    return [
        row for row in unfolded.splitlines() if row.strip() and not row.lstrip().startswith("#")
    ]


def loose_entries(lock: str) -> list[str]:
    """Entries that pip would not hold to one content."""
    return [
        row for row in entries(lock) if not ENTRY.match(row) or " --hash=sha256:" not in row
    ]


def pins(text: str) -> dict[str, str]:
    matches = (ENTRY.match(row) for row in entries(text))
    return {normal(match[1]): match[2] for match in matches if match}


def test_every_entry_of_the_lock_has_one_version_and_its_hashes() -> None:
    lock = source_tree.read(Path("requirements.lock"))

    assert loose_entries(lock) == []


def test_the_lock_names_no_place_to_download_from() -> None:
    lock = source_tree.read(Path("requirements.lock"))

    assert re.findall(r"https?://|file:|--(?:index|extra|find|trusted)\S*", lock) == []


def test_the_lock_holds_what_was_asked_for_at_the_version_asked_for() -> None:
    asked = source_tree.read(Path("requirements.in"))
    locked = source_tree.read(Path("requirements.lock"))

    assert len(pins(asked)) == len(entries(asked))
    assert pins(asked).items() <= pins(locked).items()


def test_the_package_depends_on_what_stands_under_runtime_and_on_no_more() -> None:
    runtime, _development = source_tree.read(Path("requirements.in")).split("# Development")

    assert {normal(name) for name in PROJECT["project"]["dependencies"]} == set(pins(runtime))


def test_the_package_list_names_every_package_of_the_tree() -> None:
    found = [
        ".".join(path.parent.parts)
        for path in source_tree.product_modules()
        if path.name == "__init__.py"
    ]

    assert PROJECT["tool"]["setuptools"]["packages"] == sorted(found)


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in source_tree.product_modules()}

    assert [
        path for path in folders if not (source_tree.ROOT / path / "__init__.py").exists()
    ] == []


def test_every_file_that_a_package_needs_is_installed_with_it() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    installed = {Path(pattern).suffix for pattern in patterns} | {".py"}
    left_out = [
        path
        for package in source_tree.PACKAGES
        for path in source_tree.files(under=package)
        if path.suffix not in installed and path.parts[:2] != ("benchmarks", "results")
    ]

    assert left_out == []


@pytest.mark.parametrize(
    "row", ["flask", "flask>=3", "flask==3.1.3", "flask @ https://example.net/flask.whl"]
)
def test_a_loose_entry_is_noticed(row: str) -> None:
    assert loose_entries(f"cbor2==6.2.1 \\\n    --hash=sha256:00\n{row}\n") == [row]


def test_set_up_without_rights_names_the_missing_packages_in_one_line(tmp_path: Path) -> None:
    script = set_up_as(tmp_path, user=1000, needs="sealing-wax /nowhere/wax test")

    result = subprocess.run([script, "test"], capture_output=True, text=True, check=False)

    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert "missing sealing-wax:" in result.stderr


def test_set_up_with_everything_there_does_nothing(tmp_path: Path) -> None:
    script = set_up_as(tmp_path, user=0, needs=f"shell /nowhere/sh,{shutil.which('sh')} test")

    result = subprocess.run([script, "test"], capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_set_up_as_root_refreshes_the_lists_once_and_installs_what_is_missing(
    tmp_path: Path,
) -> None:
    script = set_up_as(tmp_path, user=0, needs="wax /nowhere/wax test\nink /nowhere/ink test")

    result = subprocess.run([script, "test"], capture_output=True, text=True, check=False)

    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert result.returncode == 0
    assert [call.split()[0] for call in calls] == ["update", "install"]
    assert calls[1].endswith(" wax ink")


def set_up_as(folder: Path, *, user: int, needs: str) -> str:
    """The set-up script beside a list of its own, run by a wrapper as a user on a Debian."""
    shutil.copy(source_tree.ROOT / "configs" / "setup-system.sh", folder)
    (folder / "system-packages").write_text(f"{needs}\n", encoding="utf-8")
    tools = folder / "tools"
    tools.mkdir()
    write_script(tools / "id", f"echo {user}")
    write_script(tools / "apt-get", f'echo "$@" >>{folder}/calls')
    wrapper = folder / "run"
    path = f"{tools}:{os.environ['PATH']}"
    write_script(wrapper, f'PATH="{path}" exec {folder}/setup-system.sh "$@"')
    return str(wrapper)


def write_script(path: Path, command: str) -> None:
    path.write_text(f"#!/usr/bin/env bash\n{command}\n", encoding="utf-8")
    path.chmod(0o755)
