"""One network for all, made by the command as an operator does, and towns copied from it."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT
from tests.e2e.town import VILLAGES, Town, laid_out

HEXI = ROOT / "configs" / "divisions" / "tianjin-hexi.csv"
ARGON2_KIB = "8"
"""The least that the command takes: a sign-in costs the tests a millisecond."""

MAKE_S = 60


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """City, district, street and five villages; tests copy what they change."""
    return made_network(tmp_path_factory.mktemp("network") / "made")


def made_network(folder: Path) -> Path:
    words = [sys.executable, "-m", "postroad", "network", "make", "--divisions", str(HEXI)]
    units = [word for unit in VILLAGES for word in ("--unit", unit)]
    options = ["--out", str(folder), "--argon2-memory-kib", ARGON2_KIB, "--clerks-demo"]
    subprocess.run([*words, *units, *options], check=True, capture_output=True, timeout=MAKE_S)
    return folder


@pytest.fixture(scope="module")
def lay_out(
    network: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Town]]:
    """Lays out towns of named units, not started; they last as long as the module."""
    with contextlib.ExitStack() as stack:

        def one_more(*units: str) -> Town:
            folder = tmp_path_factory.mktemp("town")
            return stack.enter_context(laid_out(network, folder, units))

        yield one_more
