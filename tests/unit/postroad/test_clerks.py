import random

from cases.divisions import load_divisions
from postroad.network.clerks import Naming, demo_naming, make_logins
from postroad.network.plan import UnitPlan, plan_network
from web.settings import PasswordCost

CHEAP = PasswordCost(memory_kib=64, passes=1)
TABLE = """code,name,tier,parent
120103001000,大营门街道,street,
120103001001,九江路社区,village,120103001000
"""


def unit(code: str) -> UnitPlan:
    divisions = load_divisions(TABLE, "small.csv")
    return plan_network(divisions, (), (), base_port=20000).units[code]


def test_the_password_on_the_list_is_the_one_that_signs_in() -> None:
    accounts, handed_out = make_logins(
        unit("120103001001"), Naming(), CHEAP, random.Random(7).randbytes
    )

    assert len(handed_out) == 2
    for login in handed_out:
        assert accounts.verify(login.clerk.user, login.password) == login.clerk


def test_an_initial_password_must_be_changed() -> None:
    accounts, _handed_out = make_logins(
        unit("120103001001"), Naming(), CHEAP, random.Random(7).randbytes
    )

    assert all(login.initial for login in accounts.logins)


def test_clerks_are_called_by_their_post_until_the_unit_enters_names() -> None:
    accounts, _handed_out = make_logins(
        unit("120103001000"), Naming(), CHEAP, random.Random(7).randbytes
    )

    names = [clerk.name for clerk in accounts.clerks()]
    assert names == ["窗口人员1", "审核人员1", "审批人员1", "监察人员1", "运维人员1"]


def test_invented_names_are_stable_and_differ_within_a_unit() -> None:
    plan = unit("120103001000")

    names = [demo_naming().name(post, place) for place, post in enumerate(plan.posts)]

    assert names == [demo_naming().name(post, place) for place, post in enumerate(plan.posts)]
    assert len({name[0] for name in names}) == len(names)


def test_a_password_to_hand_out_is_not_in_the_representation() -> None:
    _accounts, handed_out = make_logins(
        unit("120103001001"), Naming(), CHEAP, random.Random(7).randbytes
    )

    assert handed_out[0].password not in repr(handed_out)
