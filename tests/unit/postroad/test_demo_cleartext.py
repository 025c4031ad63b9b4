"""The search for personal data in clear finds it, whatever the encoding and the wrapping."""

import base64
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from postroad.demo.cleartext import ENCODINGS, Haystack, finds_everything
from sync.stores.bodies import Bodies

NAME = "王例甲子"
NUMBER = "120103195001010003"
HAY = Haystack([NAME, NUMBER])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", [NAME, NUMBER])
def test_a_text_is_found_in_each_encoding(encoding: str, text: str) -> None:
    assert HAY.is_in(b"\x00\xff 120103" + text.encode(encoding) + b"\x00")


def test_what_only_begins_like_a_text_is_not_found() -> None:
    assert not HAY.is_in(b"120103001001 12010319500101000 " + NAME[:3].encode())


def test_a_text_that_begins_inside_the_beginning_of_another_is_found() -> None:
    assert Haystack(["1201120103"]).is_in(b"12011201120103")


def test_a_file_in_a_folder_below_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "hub.log").write_text(f"served {NAME}", encoding="gb18030")
    (tmp_path / "clean").write_bytes(b"nothing")

    found = HAY.search(tmp_path)

    assert found.found == ("data/hub.log",)
    assert (found.files, found.bytes) == (2, 7 + 15)


@pytest.mark.parametrize("pack", [Bodies().pack, bytes])
def test_a_value_in_base64_is_found_packed_or_not(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    body = base64.b64encode(b"application" * 40 + NUMBER.encode())
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as database, database:
        database.execute("CREATE TABLE docs (body BLOB)")
        database.execute("INSERT INTO docs VALUES (?)", (pack(body),))

    found = HAY.search(tmp_path)

    assert found.found == ("store.sqlite (a value)",)


def test_the_search_proves_that_it_finds_every_text(tmp_path: Path) -> None:
    assert finds_everything([NAME, NUMBER], tmp_path)


def test_a_search_for_too_short_a_text_does_not_prove_itself(tmp_path: Path) -> None:
    assert not finds_everything([NAME, "123"], tmp_path)
