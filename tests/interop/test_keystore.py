"""Key files on a real disk: private, whole, and never overwritten."""

import os
import stat
from pathlib import Path

import pytest

from security.errors import KeyFileError
from security.keystore import (
    NodeKeys,
    make_reading_key,
    make_signing_key,
    read_reading_key,
    read_signing_key,
    write_certificate,
    write_reading_key,
    write_signing_key,
    write_unit_reading_key,
)
from security.signing import ReadingKey
from tests.golden.samples import STREET, reading_key, secret, signing_key

posix_only = pytest.mark.skipif(os.name != "posix", reason="modes mean nothing here")

UNIT_READING = {1: reading_key("epoch 1"), 2: reading_key("epoch 2")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "nodes" / STREET / "keys"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def publics(keys: dict[int, ReadingKey]) -> dict[int, bytes]:
    return {epoch: key.public for epoch, key in keys.items()}


def test_the_keys_of_an_outpost_come_back(folder: Path) -> None:
    made = NodeKeys.create(folder, UNIT_READING)

    read = NodeKeys.load(folder)

    assert read.signing.public == made.signing.public
    assert read.reading.public == made.reading.public
    assert publics(dict(read.unit_reading)) == publics(UNIT_READING)
    assert read.ssh.private_bytes_raw() == made.ssh.private_bytes_raw()
    assert (read.ssh_certificate, read.unit_signing, read.ssh_ca, read.host) == (None,) * 4


def test_the_keys_of_a_hub_come_back(folder: Path) -> None:
    unit_signing = signing_key(STREET)
    made = NodeKeys.create(folder, UNIT_READING, unit_signing=unit_signing)

    read = NodeKeys.load(folder)

    assert read.unit_signing is not None
    assert read.unit_signing.public == unit_signing.public
    assert read.ssh_ca is not None
    assert made.ssh_ca is not None
    assert read.ssh_ca.private_bytes_raw() == made.ssh_ca.private_bytes_raw()
    assert read.host is not None
    assert read.host.private_bytes_raw() != read.ssh_ca.private_bytes_raw()


def test_no_two_keys_of_a_node_are_alike(folder: Path) -> None:
    NodeKeys.create(folder, UNIT_READING, unit_signing=signing_key(STREET))

    contents = [path.read_bytes() for path in folder.iterdir()]

    assert len(set(contents)) == len(contents) == 8


def test_the_secrets_come_from_the_source_that_is_given(tmp_path: Path) -> None:
    first = NodeKeys.create(tmp_path / "a", {}, random_bytes=lambda count: secret("x")[:count])
    second = NodeKeys.create(tmp_path / "b", {}, random_bytes=lambda count: secret("x")[:count])

    assert first.signing.public == second.signing.public


@posix_only
def test_files_and_folder_are_for_their_owner_alone(folder: Path) -> None:
    NodeKeys.create(folder, UNIT_READING)
    write_certificate(folder, "ssh-ed25519-cert-v01@openssh.com AAAA")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_key_file_that_others_reach_is_refused(folder: Path, mode: int) -> None:
    NodeKeys.create(folder, UNIT_READING)
    (folder / "unit-reading-2.pem").chmod(mode)

    with pytest.raises(KeyFileError, match=r"unit-reading-2\.pem: others") as refusal:
        NodeKeys.load(folder)

    assert f"chmod 600 {folder / 'unit-reading-2.pem'}" in refusal.value.hint


@posix_only
def test_a_key_folder_that_others_reach_is_refused(folder: Path) -> None:
    NodeKeys.create(folder, UNIT_READING)
    folder.chmod(0o750)

    with pytest.raises(KeyFileError) as refusal:
        NodeKeys.load(folder)

    assert f"chmod 700 {folder}" in refusal.value.hint


def test_keys_are_never_made_over_others(folder: Path) -> None:
    made = NodeKeys.create(folder, UNIT_READING)
    before = names(folder)

    with pytest.raises(KeyFileError):
        NodeKeys.create(folder, UNIT_READING)

    assert names(folder) == before
    assert NodeKeys.load(folder).signing.public == made.signing.public
    assert names(folder.parent) == ["keys"]


def test_keys_go_into_a_folder_that_is_there_and_empty(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)

    NodeKeys.create(folder, UNIT_READING)

    assert NodeKeys.load(folder).unit_reading.keys() == UNIT_READING.keys()


def test_a_single_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "root.pem"
    first = make_signing_key()
    write_signing_key(path, first)

    with pytest.raises(KeyFileError, match=r"root\.pem"):
        write_signing_key(path, make_signing_key())

    assert read_signing_key(path).public == first.public
    assert names(tmp_path) == ["root.pem"]


def test_a_reading_key_comes_back(tmp_path: Path) -> None:
    key = make_reading_key()

    write_reading_key(tmp_path / "escrow.pem", key)

    assert read_reading_key(tmp_path / "escrow.pem").public == key.public


def test_a_new_epoch_is_added_to_the_old_ones(folder: Path) -> None:
    NodeKeys.create(folder, UNIT_READING)

    write_unit_reading_key(folder, 3, reading_key("epoch 3"))

    assert set(NodeKeys.load(folder).unit_reading) == {1, 2, 3}
    with pytest.raises(KeyFileError):
        write_unit_reading_key(folder, 3, reading_key("epoch 3"))


def test_a_certificate_is_replaced_as_a_whole(folder: Path) -> None:
    NodeKeys.create(folder, {})

    write_certificate(folder, "first")
    write_certificate(folder, "second")

    assert NodeKeys.load(folder).ssh_certificate == "second"
    assert [name for name in names(folder) if name.startswith(".")] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        b"-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n",
        b"x" * 20_000,
    ],
)
def test_a_damaged_key_file_is_named_and_not_quoted(folder: Path, content: bytes) -> None:
    NodeKeys.create(folder, {})
    path = folder / "device-signing.pem"
    path.write_bytes(content)

    with pytest.raises(KeyFileError, match=r"device-signing\.pem") as refusal:
        NodeKeys.load(folder)

    assert "\n" not in str(refusal.value)
    assert "BEGIN" not in str(refusal.value)


def test_a_key_of_another_kind_is_refused(folder: Path) -> None:
    NodeKeys.create(folder, {})
    (folder / "device-reading.pem").write_bytes((folder / "device-signing.pem").read_bytes())

    with pytest.raises(KeyFileError, match="not a reading key"):
        NodeKeys.load(folder)


@pytest.mark.parametrize("name", ["device-signing.pem", "device-reading.pem", "ssh.pem"])
def test_a_missing_key_file_is_named(folder: Path, name: str) -> None:
    NodeKeys.create(folder, {})
    (folder / name).unlink()

    with pytest.raises(KeyFileError, match=name):
        NodeKeys.load(folder)


def test_a_missing_folder_is_named(folder: Path) -> None:
    with pytest.raises(KeyFileError, match="keys"):
        NodeKeys.load(folder)


def test_keys_show_no_secret(folder: Path) -> None:
    keys = NodeKeys.create(folder, UNIT_READING, unit_signing=signing_key(STREET))

    shown = repr(keys)

    assert shown == "NodeKeys(ssh_certificate=None)"
