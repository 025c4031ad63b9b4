"""The integration suite that lies in the tarball of pouchdb 5.0.0, run against a server."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.couch_peers import PEERS

SUITE = PEERS / "suite"
MODULES = SUITE / "node_modules"
PACKAGE = MODULES / "pouchdb"
EXCLUDED = PEERS / "excluded-titles.json"

TIMEOUT_MS = 15_000
RUN_S_MAX = 240

ONLY_THE_SERVER = "http"
"""What the titles of all tests that touch a server have in common."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the titles that were run.

    Attributes:
        passed: Titles in full.
        failed: Titles in full, with what the suite says of each.
    """

    passed: frozenset[str]
    failed: Mapping[str, str]


def suite_files() -> frozenset[str]:
    """The names of the suite's files, without what they have in common (`test.*.js`).

    Skips the test where the suite is not installed.
    """
    if not PACKAGE.is_dir():
        pytest.skip("the suite of tests/interop/peers/suite is not installed (make setup)")
    found = (PACKAGE / "tests" / "integration").glob("test.*.js")
    return frozenset(path.name.removeprefix("test.").removesuffix(".js") for path in found)


def excluded_titles() -> Mapping[str, str]:
    """The titles that are known to fail, each with its reason."""
    titles: dict[str, str] = json.loads(EXCLUDED.read_bytes())
    return titles


def run_suite(url: str, files: Iterable[str], folder: Path) -> Outcome:
    """Run some files of the suite against the server at `url`.

    Args:
        url: Without a login: this client leaves it out where it sends attachments.
        files: As `suite_files` names them.
        folder: Where what is written may lie.
    """
    node = shutil.which("node")
    assert node, "whoever has the suite has node"
    words = [node, str(MODULES / "mocha" / "bin" / "_mocha"), "--reporter=json-stream"]
    words += ["--timeout", str(TIMEOUT_MS), "--grep", ONLY_THE_SERVER]
    words += ["--require=./tests/integration/node.setup.js", str(SUITE / "setup.js")]
    words += [f"tests/integration/test.{name}.js" for name in sorted(files)]
    log = folder / "suite.log"
    with log.open("wb") as output:
        subprocess.run(
            words,
            cwd=PACKAGE,
            env={
                **os.environ,
                "COUCH_HOST": url.rstrip("/"),
                "LEVEL_ADAPTER": "memdown",
                "NODE_OPTIONS": "--unhandled-rejections=warn --no-deprecation",
                "SEED": "1",
                "TESTS_DIR": str(folder / "databases"),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=RUN_S_MAX,
            check=False,  # the number of failures
        )
    return _outcome(log)


def _outcome(log: Path) -> Outcome:
    passed: set[str] = set()
    failed: dict[str, str] = {}
    ended = False
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            word, details = _event(line)
            if word == "pass":
                passed.add(details["fullTitle"])
            elif word == "fail":
                failed[details["fullTitle"]] = str(details.get("err", ""))[:300]
            ended = ended or word == "end"
    assert ended, f"the suite broke off:\n{log.read_text(errors='replace')[-2000:]}"
    return Outcome(frozenset(passed - failed.keys()), failed)


def _event(line: str) -> tuple[str, dict[str, Any]]:
    """One line of the reporter; tests write to the same output whatever they like."""
    if not line.startswith('["'):
        return "", {}
    try:
        word, details = json.loads(line)
    except ValueError:
        return "", {}
    return word, details
