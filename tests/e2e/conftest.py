"""One network for all, made by the command as an operator does, and towns copied from it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]  # carries no types
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # nor this

from tests.e2e.town import Town, laid_out, made_network


class _FileByFile(LoadScopeScheduling):  # type: ignore[misc]  # of no type
    """Gives a whole file of this folder to one worker: a town is put up once for all its tests.

    Tests of other folders that run beside them are given out one by one, as ever.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file.startswith("tests/e2e/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _FileByFile:
    return _FileByFile(config, log)


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """City, district, street and five villages; tests copy what they change."""
    return made_network(tmp_path_factory.mktemp("network") / "made")


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
