"""The logins of a running program: checked at sign-in, changed by the clerks themselves."""

import hashlib
import threading
from pathlib import Path

from casebook.people import Clerk
from sync.ports import RandomBytes
from web.accounts import Accounts, Login, write_accounts
from web.passwords import SALT_BYTES, make_phc
from web.settings import PasswordCost

STAMP_LENGTH = 16


class Roster:
    """Accounts that may change while pages are served; the file follows every change."""

    def __init__(self, accounts: Accounts, path: Path, cost: PasswordCost) -> None:
        self._accounts = accounts
        self._path = path
        self._cost = cost
        self._lock = threading.Lock()

    def login(self, user: str) -> Login | None:
        """The login of a user name, None where there is none."""
        return self._accounts.login(user)

    def active_clerk(self, user: str) -> Clerk | None:
        """The clerk of a session, None once the login is gone or switched off."""
        login = self._accounts.login(user)
        return login.clerk if login is not None and login.active else None

    def stamp(self, user: str) -> str:
        """A digest of the stored password: a session ends when it changes."""
        login = self._accounts.login(user)
        text = login.phc.text if login is not None else ""
        return hashlib.sha256(text.encode()).hexdigest()[:STAMP_LENGTH]

    def clerk_name(self, user: str) -> str:
        """The name of a clerk of this unit for a print, or the user name of any other."""
        login = self._accounts.login(user)
        return login.clerk.name if login is not None else user

    def verify(self, user: str, password: str) -> Clerk | None:
        """The clerk if the password is right; takes the same time whoever is asked for."""
        return self._accounts.verify(user, password)

    def change_password(self, user: str, password: str, random_bytes: RandomBytes) -> None:
        """Give a clerk a new password and write the file.

        Raises:
            AccountsError: There is no such clerk, or the file cannot be written; then the old
                password still holds.
        """
        phc = make_phc(password, self._cost, random_bytes(SALT_BYTES))
        with self._lock:
            changed = self._accounts.with_password(user, phc)
            write_accounts(self._path, changed)
            self._accounts = changed
