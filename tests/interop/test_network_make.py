"""A network made by the command is read back by everything that will read it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cases.catalogue import load_catalogue
from cases.divisions import load_divisions
from cases.limits import load_calendar
from postroad.cli import main
from security.caseids import new_case_id
from security.keystore import read_reading_key, read_signing_key
from security.receipts import sign_receipt
from security.sshcert import check_user_certificate, public_line
from sync.stores.sqlite import SqliteStore
from sync.wallclock import random_bytes
from tests.support.made import DIVISIONS, HEXI, Made, make
from web.accounts import load_accounts

CITY, DISTRICT = "120100000000", "120103000000"
STREET, OTHER_STREET = "120103001000", "120103002000"
COMMUNITIES = ("120103001001", "120103001004", "120103002001", "120103002003")
UNITS = {CITY, DISTRICT, STREET, OTHER_STREET, *COMMUNITIES}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made") / "network"
    units = [word for code in COMMUNITIES for word in ("--unit", code)]
    assert make(folder, *units) == 0
    return Made(folder)


def test_two_streets_and_four_communities_make_eight_installations(made: Made) -> None:
    settings = list(made.all_settings())

    assert {one.unit for one in settings} == UNITS
    assert {one.unit for one in settings if one.gateway is None} == set(COMMUNITIES)


def test_every_node_dials_the_gateway_of_the_unit_above_it(made: Made) -> None:
    for settings in made.all_settings():
        if settings.unit == CITY:
            assert settings.upstream is None
        else:
            assert settings.upstream is not None
            above = made.settings(settings.upstream.unit)
            assert above.gateway in settings.upstream.addresses
            path = made.registry(settings.unit).path(settings.unit)
            assert path[-2] == settings.upstream.unit


def test_the_registry_of_every_node_verifies_from_the_root_key(made: Made) -> None:
    root = read_signing_key(made.folder / "root" / "root.pem")
    escrow = read_reading_key(made.folder / "root" / "escrow.pem")

    for settings in made.all_settings():
        registry = made.registry(settings.unit)
        assert settings.root_key == root.public
        assert registry.escrow == escrow.public


def test_a_hub_knows_everybody_below_and_an_outpost_only_those_above(made: Made) -> None:
    known = {
        code: {unit.code for unit in made.registry(code).units()}
        for code in (CITY, STREET, COMMUNITIES[0])
    }

    assert known[CITY] == UNITS
    assert known[STREET] == {CITY, DISTRICT, STREET, *COMMUNITIES[:2]}
    assert known[COMMUNITIES[0]] == {CITY, DISTRICT, STREET, COMMUNITIES[0]}


def test_the_keys_of_every_node_are_those_of_the_registry(made: Made) -> None:
    registry = made.registry(CITY)
    for settings in made.all_settings():
        keys = made.keys(settings.unit)
        unit, device = registry.unit(settings.unit), registry.device(settings.device)

        assert device.signing == keys.signing.public
        assert device.reading == keys.reading.public
        assert device.ssh == public_line(keys.ssh.public_key())
        assert {epoch: key.public for epoch, key in keys.unit_reading.items()} == {
            unit.epoch: unit.reading
        }


def test_a_hub_alone_has_the_keys_to_vouch_for_others(made: Made) -> None:
    registry = made.registry(CITY)
    for settings in made.all_settings():
        keys, device = made.keys(settings.unit), registry.device(settings.device)
        if settings.gateway is None:
            assert (keys.unit_signing, keys.ssh_ca, keys.host) == (None, None, None)
            assert device.host is None
        else:
            assert keys.unit_signing is not None
            assert keys.host is not None
            assert keys.unit_signing.public == registry.unit(settings.unit).signing
            assert device.host == public_line(keys.host.public_key())


def test_every_certificate_is_by_the_unit_above_and_good_for_30_days(made: Made) -> None:
    until = made.certificates_until_s()
    now = until - 30 * 24 * 3600
    for settings in made.all_settings():
        if settings.upstream is None:
            continue
        authority = made.keys(settings.upstream.unit).ssh_ca
        line = made.keys(settings.unit).ssh_certificate
        assert authority is not None
        assert line is not None

        certificate = check_user_certificate(
            line, authority.public_key().public_bytes_raw(), now, ()
        )

        assert (certificate.device, certificate.valid_to) == (settings.device, until)


def test_no_authority_gives_a_serial_twice(made: Made) -> None:
    authority = made.keys(STREET).ssh_ca
    assert authority is not None
    public = authority.public_key().public_bytes_raw()

    serials = []
    for code in COMMUNITIES[:2]:
        line = made.keys(code).ssh_certificate
        assert line is not None
        now = made.certificates_until_s() - 1
        certificate = check_user_certificate(line, public, now, ())
        serials.append(certificate.serial)

    assert serials == [1, 2]
    assert (made.folder / "nodes" / STREET / "ssh-serial").read_text(encoding="utf-8") == "3\n"


def test_every_login_on_the_list_signs_in_where_it_should(made: Made) -> None:
    logins = made.logins()

    assert len(logins) == 4 * 2 + 4 * 5
    for login in logins:
        unit = login["user"].split("-")[0]
        clerk = load_accounts(made.settings(unit).accounts).verify(
            login["user"], login["password"]
        )
        assert clerk is not None
        assert (clerk.name, clerk.roles) == (login["name"], (login["role"],))


def test_no_two_logins_share_a_password(made: Made) -> None:
    passwords = [login["password"] for login in made.logins()]

    assert len(passwords) == len(set(passwords))


def test_every_node_can_read_what_is_published_to_it(made: Made) -> None:
    for settings in made.all_settings():
        load_catalogue(settings.catalogue.read_text(encoding="utf-8"))
        load_calendar(settings.calendar.read_text(encoding="utf-8"))
        divisions = load_divisions(settings.divisions.read_text(encoding="utf-8"), "copy")

        assert settings.unit in divisions


def test_an_outpost_knows_its_district_and_a_hub_what_is_below_it(made: Made) -> None:
    def divisions_of(unit: str) -> set[str]:
        text = made.settings(unit).divisions.read_text(encoding="utf-8")
        return {division.code for division in load_divisions(text, "copy")}

    whole = divisions_of(CITY)
    assert len(whole) == 165
    assert divisions_of(COMMUNITIES[0]) == whole
    assert OTHER_STREET not in divisions_of(STREET)


def test_nobody_else_on_the_machine_can_look_in(made: Made) -> None:
    assert made.folder.stat().st_mode & 0o077 == 0
    secret = [made.folder / "logins.txt", made.folder / "root" / "root.pem"]
    secret += [settings.accounts for settings in made.all_settings()]

    for path in secret:
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_initial_password_lies_in_any_other_file(made: Made) -> None:
    passwords = {login["password"].encode() for login in made.logins()}
    for path in made.folder.rglob("*"):
        if path.is_file() and path.name != "logins.txt":
            content = path.read_bytes()
            assert not [password for password in passwords if password in content], path


def test_the_network_is_shown_unit_by_unit(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["network", "show", str(made.folder), "--json"]) == 0

    head, *units = map(json.loads, capsys.readouterr().out.splitlines())
    assert (head["message"], head["units"], head["tiers"]) == ("network.shown", 8, 4)
    assert {unit["unit"] for unit in units} == UNITS


def test_the_registry_of_a_node_is_verified_by_the_command(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = made.settings(DISTRICT)
    words = ["registry", "verify", str(settings.registry), "--root-key"]

    assert main([*words, settings.root_key.hex(), "--json"]) == 0
    verified = json.loads(capsys.readouterr().out)
    assert (verified["units"], verified["devices"], verified["statements"]) == (8, 8, 16)

    assert main([*words, "00" * 32]) == 13
    assert capsys.readouterr().err.count("\n") == 1


def test_a_receipt_of_an_outpost_is_genuine_and_a_changed_one_is_not(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    outpost, hub = COMMUNITIES[0], made.settings(STREET)
    receipt = sign_receipt(
        "1201030010010126112300012",
        "204816",
        new_case_id(0, outpost, bytes(6)),
        made.keys(outpost).signing,
    )
    words = ["--registry", str(hub.registry), "--root-key", hub.root_key.hex(), "--lang", "en"]

    assert main(["receipt", "verify", receipt, *words]) == 0
    assert f"given by device {outpost}-01 of 九江路社区居委会" in capsys.readouterr().out

    assert main(["receipt", "verify", receipt.replace("204816", "204817"), *words]) == 13
    assert capsys.readouterr().err.startswith("postroad: ")


def test_a_sound_store_passes_the_check_and_a_damaged_one_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "store.sqlite"
    SqliteStore.open(path, random_bytes).close()

    assert main(["store", "check", str(path), "--lang", "en"]) == 0
    assert "is sound" in capsys.readouterr().out

    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    assert main(["store", "check", str(path)]) in {3, 14}
    assert capsys.readouterr().err.count("\n") == 1


def test_five_tiers_are_made_like_four(tmp_path: Path) -> None:
    out = tmp_path / "network"
    divisions = load_divisions((DIVISIONS / "shanxi.csv").read_text(encoding="utf-8"), "shanxi")
    village = next(unit.code for unit in divisions if unit.tier == "village")

    assert make(out, "--unit", village, divisions=DIVISIONS / "shanxi.csv") == 0

    network = Made(out)
    assert len(network.registry(village).path(village)) == 5
    text = network.settings(village).divisions.read_text(encoding="utf-8")
    district = divisions.path(village)[2]
    assert len(load_divisions(text, "copy")) == 2 + len(divisions.subtree(district))


def test_a_skipped_tier_is_made_as_the_table_has_it(tmp_path: Path) -> None:
    table = tmp_path / "dongguan.csv"
    table.write_text(
        "code,name,tier,parent\n"
        "440000000000,广东省,province,\n"
        "440300000000,深圳市,city,440000000000\n"
        "440304000000,福田区,district,440300000000\n"
        "440304002000,南园街道,street,440304000000\n"
        "441900000000,东莞市,city,440000000000\n"
        "441900003000,东城街道,street,441900000000\n"
        "441900003001,岗贝社区,village,441900003000\n",
        encoding="utf-8",
    )
    out = tmp_path / "network"

    assert make(out, divisions=table) == 0

    network = Made(out)
    path = ("440000000000", "441900000000", "441900003000", "441900003001")
    assert network.registry(path[-1]).path(path[-1]) == path
    assert network.settings("440304002000").gateway is not None


def test_the_whole_of_hexi_is_made_within_twenty_seconds(tmp_path: Path) -> None:
    words = ["network", "make", "--divisions", str(HEXI), "--out", str(tmp_path / "network")]

    result = subprocess.run(
        [sys.executable, "-m", "postroad", *words, "--clerks-demo", "--json"],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )

    made, cost = (json.loads(line) for line in result.stdout.splitlines()[-2:])
    assert (made["units"], made["hubs"], made["outposts"]) == (165, 16, 149)
    assert cost["logins"] == 16 * 5 + 149 * 2
    assert cost["seconds"] < 20
