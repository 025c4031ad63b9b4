import pytest

from cases.divisions import Tree, load_divisions
from cases.errors import DivisionError
from postroad.errors import NetworkError
from postroad.network.plan import NetworkPlan, plan_network
from tests.architecture.source_tree import ROOT

DIVISIONS = ROOT / "configs" / "divisions"
TWO_STREETS = ("120103001001", "120103001004", "120103002001", "120103002003")


def table(name: str) -> Tree:
    return load_divisions((DIVISIONS / name).read_text(encoding="utf-8"), name)


@pytest.fixture(scope="module")
def hexi() -> Tree:
    return table("tianjin-hexi.csv")


def plan(divisions: Tree, *units: str, subtrees: tuple[str, ...] = ()) -> NetworkPlan:
    return plan_network(divisions, units, subtrees, base_port=20000)


def small(rows: str) -> Tree:
    return load_divisions(f"code,name,tier,parent\n{rows}", "small.csv")


def test_a_network_has_the_units_that_were_named_and_everything_above_them(hexi: Tree) -> None:
    network = plan(hexi, *TWO_STREETS)

    above = {"120100000000", "120103000000", "120103001000", "120103002000"}
    assert set(network.units) == above | set(TWO_STREETS)


def test_a_subtree_brings_everything_below_it(hexi: Tree) -> None:
    network = plan(hexi, "120103001001", subtrees=("120103002000",))

    streets = [code for code in network.units if network.units[code].division.tier == "street"]
    assert streets == ["120103001000", "120103002000"]
    assert len(network.units) == 4 + 1 + len(hexi.children("120103002000"))


def test_without_a_choice_the_network_is_the_whole_table(hexi: Tree) -> None:
    assert len(plan(hexi).units) == 165


def test_every_unit_stands_after_the_unit_above_it(hexi: Tree) -> None:
    seen: set[str | None] = {None}

    for unit in plan(hexi).units.values():
        assert unit.division.parent in seen
        seen.add(unit.code)


def test_the_lowest_tier_runs_the_outpost_program_and_all_others_the_hub_program(
    hexi: Tree,
) -> None:
    network = plan(hexi, *TWO_STREETS)

    programs = {unit.division.tier: unit.program for unit in network.units.values()}
    assert programs == {"city": "hub", "district": "hub", "street": "hub", "village": "node"}


def test_a_street_without_communities_is_a_hub_all_the_same(hexi: Tree) -> None:
    network = plan(hexi, "120103001001", "120103002000")

    assert network.units["120103002000"].program == "hub"


def test_streets_are_the_outposts_where_nothing_below_them_is_chosen(hexi: Tree) -> None:
    network = plan(hexi, "120103001000", "120103002000")

    assert network.tree.tiers == ("city", "district", "street")
    assert network.units["120103001000"].program == "node"


def test_no_two_installations_share_a_port(hexi: Tree) -> None:
    units = plan(hexi).units.values()

    ports = [unit.pages_port for unit in units]
    ports += [unit.gateway_port for unit in units if unit.gateway_port is not None]
    assert len(ports) == len(set(ports)) == 165 + 16
    assert (min(ports), max(ports)) == (20001, 21016)


def test_only_hubs_have_a_gateway(hexi: Tree) -> None:
    for unit in plan(hexi).units.values():
        assert (unit.gateway_port is not None) == (unit.program == "hub")


def test_an_outpost_has_two_clerks_and_a_hub_one_for_every_role(hexi: Tree) -> None:
    units = plan(hexi, *TWO_STREETS).units

    outpost = [(post.user, post.role) for post in units["120103001001"].posts]
    hub = [post.role for post in units["120103000000"].posts]
    assert outpost == [("120103001001-w1", "window"), ("120103001001-w2", "window")]
    assert hub == ["window", "reviewer", "approver", "supervisor", "it"]


def test_five_tiers_of_a_province_fit_into_the_ports() -> None:
    network = plan(table("shanxi.csv"))

    assert network.tree.tiers == ("province", "city", "district", "street", "village")
    assert len(network.units) == 23_380
    ports = [unit.gateway_port or unit.pages_port for unit in network.units.values()]
    ports += [unit.pages_port for unit in network.units.values() if unit.gateway_port]
    assert len(ports) == len(set(ports))


def test_a_city_without_districts_has_its_streets_directly_below() -> None:
    network = plan(
        small(
            "441900000000,东莞市,city,\n"
            "441900003000,东城街道,street,441900000000\n"
            "441900003001,岗贝社区,village,441900003000\n"
        )
    )

    assert network.units["441900003001"].path == (
        "441900000000",
        "441900003000",
        "441900003001",
    )
    assert network.units["441900003000"].program == "hub"


def test_two_tiers_make_a_network() -> None:
    network = plan(
        small("120103001000,大营门街道,street,\n120103001001,九江路社区,village,120103001000\n")
    )

    assert [unit.program for unit in network.units.values()] == ["hub", "node"]


def test_a_single_unit_makes_no_network(hexi: Tree) -> None:
    with pytest.raises(NetworkError) as caught:
        plan(hexi, "120100000000")

    assert caught.value.key == "network.single_unit"


def test_a_unit_that_the_table_does_not_have_is_named(hexi: Tree) -> None:
    with pytest.raises(DivisionError, match="120103099099"):
        plan(hexi, "120103099099")


@pytest.mark.parametrize("base_port", [0, 1023, 64_520, 65_535])
def test_ports_that_do_not_suffice_are_refused(hexi: Tree, base_port: int) -> None:
    with pytest.raises(NetworkError) as caught:
        plan_network(hexi, (), ("120103000000",), base_port=base_port)

    assert caught.value.key == "network.ports"
