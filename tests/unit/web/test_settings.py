from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT
from web.errors import SettingsError
from web.settings import Address, PasswordCost, load_settings

EXAMPLE = (ROOT / "configs" / "outpost.toml").read_text(encoding="utf-8")


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(settings_file(folder, text))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "is_hub"),
    [
        ("outpost", False),
        ("hub-street", True),
        ("hub-district", True),
        ("hub-city", True),
        ("hub-couchdb", True),
    ],
)
def test_every_example_that_is_shipped_can_be_used(name: str, *, is_hub: bool) -> None:
    settings = load_settings(ROOT / "configs" / f"{name}.toml")

    assert (settings.gateway is not None) == is_hub
    assert (settings.upstream is None) == (name == "hub-city")


def test_paths_are_taken_from_the_folder_of_the_file(tmp_path: Path) -> None:
    settings = load_settings(settings_file(tmp_path, EXAMPLE))

    assert settings.keys == tmp_path / "keys"
    assert settings.store == tmp_path / "data" / "store.sqlite"


def test_the_addresses_of_the_hub_above_stay_in_the_order_given(tmp_path: Path) -> None:
    upstream = load_settings(settings_file(tmp_path, EXAMPLE)).upstream

    assert upstream is not None
    assert upstream.addresses == (
        Address("gateway.street.example", 8622),
        Address("192.0.2.10", 8622),
    )


def test_an_address_of_ip_version_6_stands_in_brackets(tmp_path: Path) -> None:
    text = EXAMPLE.replace("192.0.2.10:8622", "[2001:db8::7]:8622")

    upstream = load_settings(settings_file(tmp_path, text)).upstream

    assert upstream is not None
    assert upstream.addresses[1] == Address("2001:db8::7", 8622)


def test_a_password_costs_64_mib_unless_the_file_lowers_it(tmp_path: Path) -> None:
    text = EXAMPLE[: EXAMPLE.index("[passwords]")]

    settings = load_settings(settings_file(tmp_path, text))

    assert settings.password_cost == PasswordCost(memory_kib=65536, passes=3)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("interval_s = 30", "intervall_s = 30", "upstream.interval_s is missing"),
        ("port = 8600", "port = 8600\ncolour = 1", "pages.colour is not a known setting"),
        ("[pages]", "[page]", "pages is missing"),
        ("[passwords]", "[password]", "password is not a known setting"),
        ("port = 8600", "port = true", "pages.port is not a whole number"),
        ("port = 8600", "port = 65536", "pages.port is not a whole number from 0 to 65535"),
        ("120103001001-01", "120103001001-00", "node.device is not 120103001001-"),
        ("120103001001-01", "120103001002-01", "node.device is not 120103001001-"),
        ("120103001001-01", "120103001001-٠١", "node.device is not 120103001001-"),
        ('unit = "120103001001"', 'unit = "12010300100"', "node.unit is not a code"),
        ("3d4017c3", "3d4017c", "node.root_key is not a key of 64"),
        ("3d4017c3", "3d4017cg", "node.root_key is not a key of 64"),
        ("192.0.2.10:8622", "192.0.2.10", "upstream.addresses '192.0.2.10' is not host:port"),
        ("192.0.2.10:8622", "192.0.2.10:0", "is not host:port"),
        ('"registry.prl"', '""', "node.registry is not a text"),
        ('"registry.prl"', '"a\\nb"', "node.registry has control characters"),
        ("memory_kib = 19456", "memory_kib = 64", "passwords.memory_kib is not a whole number"),
        ("interval_s = 30", "interval_s = nan", "upstream.interval_s is not a number"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    assert old in EXAMPLE

    assert fault in refusal(tmp_path, EXAMPLE.replace(old, new))


def test_a_list_without_an_address_is_refused(tmp_path: Path) -> None:
    start, end = EXAMPLE.index("addresses ="), EXAMPLE.index("# Seconds")

    message = refusal(tmp_path, EXAMPLE[:start] + "addresses = []\n" + EXAMPLE[end:])

    assert "upstream.addresses is not a list of 1 to 8 texts" in message


@pytest.mark.parametrize(
    "text", ["[node", "a = " + "[" * 20_000, "# " + "x" * 70_000, "node = 3"]
)
def test_a_file_that_is_no_configuration_is_refused_in_one_line(
    tmp_path: Path, text: str
) -> None:
    assert "config.toml" in refusal(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: No such file"):
        load_settings(tmp_path / "nowhere.toml")


COUCHDB = (ROOT / "configs" / "hub-couchdb.toml").read_text(encoding="utf-8")


def test_a_cluster_is_read_with_its_addresses_in_order_and_its_files_beside_the_settings(
    tmp_path: Path,
) -> None:
    settings = load_settings(settings_file(tmp_path, COUCHDB))

    cluster = settings.cluster
    assert cluster is not None
    assert settings.store_kind == "couchdb"
    assert cluster.urls == tuple(f"https://couch{n}.example.net:6984" for n in (1, 2, 3))
    assert cluster.password_file == tmp_path / "couchdb-password"
    assert (cluster.prefix, cluster.q, cluster.n) == ("hexi_", 2, 3)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('store = "couchdb"', 'store = "mongo"', "node.store is neither"),
        ("[couchdb]", "[couchbase]", "couchdb is missing"),
        ('user = "hexi-hub"', 'usr = "hexi-hub"', "couchdb.user is missing"),
        ('user = "hexi-hub"', 'user = "hexi-hub"\nw = 2', "couchdb.w is not a known setting"),
        ("https://couch2", "http://couch2", "has no TLS"),
        ("https://couch2", "https://it:geheim@couch2", "holds a login"),
        ("net:6984", "net:6984/db", "not https://host:port alone"),
        ("https://couch2", "ftp://couch2", "not https://host:port alone"),
        ("couch2.example.net:6984", "couch2.example.net:x", "not https://host:port alone"),
        ('prefix = "hexi_"', 'prefix = "Hexi"', "couchdb.prefix"),
        ("n = 3", "n = 0", "couchdb.n is not a whole number from 1 to 9"),
        ("patience_s = 30", "patience_s = 0", "couchdb.patience_s"),
        ("q = 2", 'q = 2\ntransport = "udp"', "couchdb.transport is neither"),
    ],
)
def test_a_wrong_setting_of_a_cluster_is_refused_by_name(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    line = refusal(tmp_path, COUCHDB.replace(before, after))

    assert said in line
    assert "geheim" not in line


def test_plain_http_is_taken_on_loopback_and_where_it_is_asked_for(tmp_path: Path) -> None:
    loopback = COUCHDB.replace("https://couch2.example.net", "http://127.0.0.1")
    asked = COUCHDB.replace("https://couch2", "http://couch2").replace(
        "q = 2", 'q = 2\ntransport = "plain"'
    )

    for text in (loopback, asked):
        settings = load_settings(settings_file(tmp_path, text))
        assert settings.cluster is not None
        assert settings.cluster.urls[1].startswith("http://")
