"""Ends one session process of sshd, and makes sure that it is one."""

import os
import signal
from pathlib import Path
from typing import Final

_STATUS_BYTES_MAX: Final = 8192


def is_running(pid: int) -> bool:
    """Whether there is a process of this number, whoever owns it."""
    return Path(f"/proc/{pid}").exists()


def end_session(pid: int, account_uid: int) -> bool:
    """Ask a session process to end; False if this program may not, or it is no session of sshd.

    The process is held by a handle while it is looked at, so that a number that was given to
    another process in between is never hit. Needs the same account, CAP_KILL or root.
    """
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not _is_session(pid, account_uid):
            return False
        signal.pidfd_send_signal(handle, signal.SIGTERM)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _is_session(pid: int, account_uid: int) -> bool:
    with Path(f"/proc/{pid}/status").open(encoding="utf-8", errors="replace") as file:
        status = file.read(_STATUS_BYTES_MAX)
    fields = dict(line.partition(":")[::2] for line in status.splitlines())
    uids = fields.get("Uid", "").split()
    return (
        fields.get("Name", "").strip().startswith("sshd") and uids[:2] == [str(account_uid)] * 2
    )
