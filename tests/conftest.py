"""What holds for every test: examples replay, and no skip hides a check."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# A shared machine may stall for seconds: the timeout of the whole test judges slowness.
settings.register_profile("postroad", deadline=None, print_blob=True)
# A build server tries the same examples each time, so that what fails there was broken by the
# change under test; everybody else looks for new ones.
settings.register_profile("build", settings.get_profile("postroad"), derandomize=True)
settings.load_profile("build" if os.environ.get("CI") else "postroad")

PLAIN_UMASK = 0o022

# On a build server `make test` has installed every tool, so a skip there hides a missing check.
FOLDERS_THAT_MAY_NOT_SKIP = ("tests/interop/", "tests/e2e/")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test of a folder with real tools into a failure on a build server."""
    report = yield
    if _hides_a_check(report.nodeid, skipped=report.skipped):
        report.outcome = "failed"
        report.longrepr = f"skipped on a build server: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same for a module that skips itself as a whole."""
    report = yield
    if _hides_a_check(report.nodeid, skipped=report.skipped):
        report.outcome = "failed"
        report.longrepr = f"skipped on a build server: {report.longrepr}"
    return report


def _hides_a_check(nodeid: str, *, skipped: bool) -> bool:
    on_a_build_server = bool(os.environ.get("CI"))
    return skipped and on_a_build_server and nodeid.startswith(FOLDERS_THAT_MAY_NOT_SKIP)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A program opened inside a test hides the files of its process; undo that for the next."""
    os.umask(PLAIN_UMASK)
