import sqlite3
from pathlib import Path

import pytest

from postroad.cli import main
from tests.support.couch_peers import ask, serving


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")


def test_a_served_store_keeps_what_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with serving(path) as url:
        ask("PUT", f"{url}cases")
        rev = ask("PUT", f"{url}cases/hx-1", {"days": 7})[1]["rev"]
        uuid = ask("GET", url)[1]["uuid"]

    with serving(path) as url:
        assert ask("GET", f"{url}cases/hx-1")[1] == {"_id": "hx-1", "_rev": rev, "days": 7}
        assert ask("GET", url)[1]["uuid"] == uuid
    assert sqlite3.connect(path).execute("PRAGMA quick_check").fetchone() == ("ok",)


def test_the_password_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("zhu-he\n", encoding="utf-8")
    options = ("--user", "it", "--password-file", str(secret))

    with serving(tmp_path / "store.sqlite", *options) as url:
        assert ask("GET", f"{url}_all_dbs")[0] == 401
        status, body = ask("POST", f"{url}_session", {"name": "it", "password": "zhu-he"})
        assert (status, body["ok"]) == (200, True)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--host", "0.0.0.0"], 4, "everybody on the network"),
        (["--host", "::"], 4, "everybody on the network"),
        (["--user", "it"], 2, "a user needs a password"),
        (["--password", "x"], 2, "a user needs a password"),
        (["--user", "a:b", "--password", "x"], 2, "colon"),
        (["--port", "70000"], 2, "port"),
        (["--user", "it", "--password-file", "/nowhere"], 6, "/nowhere"),
        (["--host", "host.invalid"], 6, ""),
    ],
)
def test_what_would_be_unsafe_or_makes_no_sense_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: int,
    said: str,
) -> None:
    path = tmp_path / "store.sqlite"

    assert main(["store", "serve", "--path", str(path), "--port", "0", *options]) == code

    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not path.exists()


def test_a_store_in_use_is_not_served_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "store.sqlite"
    with serving(path):
        assert main(["store", "serve", "--path", str(path), "--port", "0"]) == 14

    assert capsys.readouterr().err.startswith("postroad: ")
