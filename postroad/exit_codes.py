"""The exit code of every error, one table for all commands, stable from version to version.

Scripts of IT staff branch on these numbers: a number is never given another meaning.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAULT = 1
    USAGE = 2
    VERDICT = 3
    UNSAFE = 4
    REFUSED = 5
    SYSTEM = 6
    WEB = 10
    CASES = 11
    CASEBOOK = 12
    SECURITY = 13
    SYNC = 14
    INTERRUPTED = 130


# Names, not classes: a command that needs no store does not load one to look up its code.
# Whatever derives from a named error has its code, unless it is named itself.
ERRORS = (
    ("postroad.errors.UsageError", ExitCode.USAGE),
    ("postroad.errors.VerdictError", ExitCode.VERDICT),
    ("postroad.errors.UnsafeError", ExitCode.UNSAFE),
    ("postroad.errors.PostroadError", ExitCode.REFUSED),
    ("builtins.OSError", ExitCode.SYSTEM),
    ("web.errors.CheckFailedError", ExitCode.VERDICT),
    ("web.errors.WebError", ExitCode.WEB),
    ("cases.errors.CaseError", ExitCode.CASES),
    ("casebook.errors.CasebookError", ExitCode.CASEBOOK),
    ("security.errors.SecurityError", ExitCode.SECURITY),
    ("sync.errors.SyncError", ExitCode.SYNC),
)
"""Qualified name of an error and its code."""


def exit_code(error: BaseException) -> ExitCode:
    """The code of an error: that of its nearest ancestor in the table, else `FAULT`."""
    codes = dict(ERRORS)
    for kind in type(error).__mro__:
        code = codes.get(f"{kind.__module__}.{kind.__qualname__}")
        if code is not None:
            return code
    return ExitCode.FAULT
