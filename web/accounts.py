"""The clerks of one installation: who may sign in, in which roles, and the check of a password.

The file is JSON, `{"format": 1, "unit": ..., "clerks": [...]}`, readable by the owner alone. It
never leaves the installation: a clerk of one outpost means nothing at another.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from casebook.people import Clerk
from web import passwords
from web.errors import AccountsError
from web.passwords import Phc
from web.settings import PasswordCost

ROLES = ("window", "reviewer", "approver", "supervisor", "it")
"""What a clerk may be; one person may be several."""

FORMAT = 1
BYTES_MAX = 4 * 1024 * 1024
CLERKS_MAX = 2000
"""A city hall has some hundred windows."""

NAME_MAX = 40
USER_MAX = 32


@dataclass(frozen=True, slots=True)
class Login:
    """A clerk with the password, whether they may sign in, and whether they must change it.

    `initial` says that the password was given out on paper; pages ask for another one.
    """

    clerk: Clerk
    phc: Phc
    active: bool = True
    initial: bool = False


class Accounts:
    """All logins of one unit; a value: a change gives new accounts.

    Raises:
        AccountsError: Two clerks have one id, or there are more than `CLERKS_MAX`.
    """

    def __init__(self, unit: str, logins: Iterable[Login]) -> None:
        self.unit = unit
        self.logins = tuple(logins)
        self._by_user = {login.clerk.user: login for login in self.logins}
        if len(self._by_user) != len(self.logins):
            raise AccountsError(f"accounts of {unit}: two clerks have one user name")
        if len(self.logins) > CLERKS_MAX:
            raise AccountsError(f"accounts of {unit}: more than {CLERKS_MAX} clerks")
        costs = (login.phc.cost for login in self.logins)
        self._costliest = max(costs, key=_work, default=PasswordCost())

    def clerks(self) -> tuple[Clerk, ...]:
        """Everybody, in the order of the file, people on leave included."""
        return tuple(login.clerk for login in self.logins)

    def login(self, user: str) -> Login | None:
        """The login of a user name; the part after the unit code, such as `w1`, is enough."""
        name = user.strip().lower()
        return self._by_user.get(name) or self._by_user.get(f"{self.unit}-{name}")

    def verify(self, user: str, password: str) -> Clerk | None:
        """The clerk, if the password is right and the clerk is active; else None.

        Takes the time of the costliest password of the file in every case, so that the time
        tells nobody which logins exist. One check runs at a time: each needs 64 MiB, which an
        old PC has once.
        """
        login = self.login(user)
        if login is None:
            passwords.spend(self._costliest, password)
            return None
        right = passwords.matches(login.phc, password)
        if _work(login.phc.cost) < _work(self._costliest):
            passwords.spend(self._costliest, password)
        return login.clerk if right and login.active else None

    def with_password(self, user: str, phc: Phc) -> Accounts:
        """Accounts in which this clerk has a password of their own choice.

        Raises:
            AccountsError: There is no such clerk.
        """
        found = self.login(user)
        if found is None:
            raise AccountsError(f"accounts of {self.unit}: no user {user[:USER_MAX]!r}")
        changed = Login(found.clerk, phc, active=found.active)
        return Accounts(
            self.unit, (changed if login is found else login for login in self.logins)
        )


def load_accounts(path: Path) -> Accounts:
    """The accounts in a file.

    Raises:
        AccountsError: The file cannot be read, others can read it, or it is not well-formed;
            the message names the file and the clerk.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise AccountsError(f"{path}: {error.strerror}") from error
    if os.name == "posix" and mode & 0o077:
        raise AccountsError(f"{path}: others can read it", hint=f"Run: chmod 600 {path}")
    try:
        return parse_accounts(raw)
    except AccountsError as error:
        raise AccountsError(f"{path}: {error}", hint=error.hint) from error


def write_accounts(path: Path, accounts: Accounts) -> None:
    """Replace the file at once: after a power cut either the old or the new one is there.

    Raises:
        AccountsError: The disk refuses.
    """
    beside = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(format_accounts(accounts))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise AccountsError(f"{path}: {error.strerror}") from error


def format_accounts(accounts: Accounts) -> bytes:
    """The bytes of the file, stable for equal accounts."""
    clerks = [
        {
            "user": login.clerk.user,
            "name": login.clerk.name,
            "roles": list(login.clerk.roles),
            "active": login.active,
            "initial": login.initial,
            "password": login.phc.text,
        }
        for login in accounts.logins
    ]
    document = {"format": FORMAT, "unit": accounts.unit, "clerks": clerks}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def parse_accounts(raw: bytes) -> Accounts:
    """The accounts in the bytes of a file.

    Raises:
        AccountsError: They are not well-formed.
    """
    if len(raw) > BYTES_MAX:
        raise AccountsError(f"larger than {BYTES_MAX} bytes")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise AccountsError("is not JSON") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise AccountsError(f"is not a file of clerks in format {FORMAT}")
    unit, clerks = document.get("unit"), document.get("clerks")
    if (
        not isinstance(unit, str)
        or not isinstance(clerks, list)
        or len(document) != len(("format", "unit", "clerks"))
    ):
        raise AccountsError("needs unit and clerks and nothing else")
    return Accounts(unit, [_login(unit, row, number) for number, row in enumerate(clerks, 1)])


def _login(unit: str, row: object, number: int) -> Login:
    fields = {"user": str, "name": str, "roles": list, "active": bool, "initial": bool}
    if not isinstance(row, dict) or set(row) != {*fields, "password"}:
        raise AccountsError(f"clerk {number}: needs {', '.join(fields)}, password")
    for key, kind in fields.items():
        if not isinstance(row[key], kind):
            raise AccountsError(f"clerk {number}: {key} is not a {kind.__name__}")
    user, name, roles = row["user"], row["name"], row["roles"]
    if not 0 < len(user) <= USER_MAX or not user.isprintable() or user != user.strip().lower():
        raise AccountsError(f"clerk {number}: user is not a name in small letters")
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise AccountsError(f"clerk {number}: name has not 1 to {NAME_MAX} characters")
    if not roles or any(role not in ROLES for role in roles):
        raise AccountsError(f"clerk {number}: roles are not among {', '.join(ROLES)}")
    phc = passwords.parse_phc(row["password"], f"clerk {number}")
    clerk = Clerk(user, name, tuple(roles), unit)
    return Login(clerk, phc, active=row["active"], initial=row["initial"])


def _work(cost: PasswordCost) -> int:
    return cost.memory_kib * cost.passes
