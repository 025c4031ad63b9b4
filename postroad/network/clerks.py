"""Logins of a new network: names, initial passwords, and what of them is kept where."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from casebook.people import Clerk
from postroad.network.plan import Post, UnitPlan
from web.accounts import Accounts, Login
from web.passwords import SALT_BYTES, make_phc, random_password
from web.settings import PasswordCost
from web.texts import Texts

COST_DEFAULT = PasswordCost(memory_kib=1024, passes=3)
"""For initial passwords alone: they are random and 74 bits strong, so a costly hash adds
nothing, and a province of 50,000 logins takes a minute. A password of a person's own choice
gets the cost in the configuration of the installation."""


@dataclass(frozen=True, slots=True)
class InitialLogin:
    """A line of the list that is handed out on paper."""

    clerk: Clerk
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Naming:
    """How the clerks of a network are called, in Chinese: names stand in signed papers.

    With lists of names a clerk gets an invented person's name, for a demonstration; without,
    the clerk is called by the post, and the unit enters the name of the person.
    """

    surnames: Sequence[str] = ()
    given_names: Sequence[str] = ()

    def name(self, post: Post, place: int) -> str:
        """The name for a post, the `place`-th of its unit counted from 0; stable."""
        if not self.surnames:
            return Texts("zh").text(f"clerk.{post.role}") + post.user[-1]
        # Neighbours at one unit get neighbours of the list, so no two have one surname.
        unit = _number_of(post.user.rpartition("-")[0])
        surname = self.surnames[(unit + place) % len(self.surnames)]
        return surname + self.given_names[_number_of(post.user) % len(self.given_names)]


def demo_naming() -> Naming:
    """Invented names of persons, from the list that lies beside this module."""
    path = Path(__file__).with_name("demo_names.toml")
    lists = tomllib.loads(path.read_text(encoding="utf-8"))
    return Naming(tuple(lists["surnames"]), tuple(lists["given_names"]))


def make_logins(
    unit: UnitPlan,
    naming: Naming,
    cost: PasswordCost,
    random_bytes: Callable[[int], bytes],
) -> tuple[Accounts, list[InitialLogin]]:
    """The accounts of a unit, and the passwords to hand out, which are kept nowhere else."""
    logins: list[Login] = []
    handed_out: list[InitialLogin] = []
    for place, post in enumerate(unit.posts):
        clerk = Clerk(post.user, naming.name(post, place), (post.role,), unit.code)
        password = random_password(random_bytes)
        phc = make_phc(password, cost, random_bytes(SALT_BYTES))
        logins.append(Login(clerk, phc, initial=True))
        handed_out.append(InitialLogin(clerk, password))
    return Accounts(unit.code, logins), handed_out


def _number_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
