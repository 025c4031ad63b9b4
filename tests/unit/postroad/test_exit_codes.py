import importlib

import pytest

from cases.errors import CaseError, DivisionError
from postroad.errors import NetworkError, PostroadError, UsageError
from postroad.exit_codes import ERRORS, ExitCode, exit_code
from security.errors import KeyFileError
from sync.errors import StoreFullError
from web.errors import SettingsError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("cli.usage_error"), 2),
        (NetworkError("network.none"), 5),
        (FileNotFoundError(), 6),
        (SettingsError("x"), 10),
        (DivisionError("x"), 11),
        (KeyFileError("x"), 13),
        (StoreFullError("x"), 14),
        (ZeroDivisionError(), 1),
    ],
)
def test_an_error_ends_a_command_with_the_code_of_its_kind(error: Exception, code: int) -> None:
    assert exit_code(error) == code


def test_every_error_of_the_table_exists() -> None:
    for name, _code in ERRORS:
        module, _, kind = name.rpartition(".")

        assert issubclass(getattr(importlib.import_module(module), kind), Exception)


def test_no_two_kinds_of_error_share_a_code_but_the_verdicts_of_checks() -> None:
    codes = [code for _name, code in ERRORS if code is not ExitCode.VERDICT]

    assert len(codes) == len(set(codes))
    assert not {ExitCode.OK, ExitCode.FAULT, ExitCode.INTERRUPTED} & set(codes)


def test_the_roots_of_the_packages_are_in_the_table() -> None:
    names = [name for name, _code in ERRORS]

    for root in (CaseError, PostroadError):
        assert f"{root.__module__}.{root.__qualname__}" in names
