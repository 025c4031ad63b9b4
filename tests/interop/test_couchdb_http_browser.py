"""PouchDB in a page of another origin: let in where the operator names it, else shut out."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.e2e.screens import CHROMIUM, chromium
from tests.support.couch_peers import PEERS, ask, need_peers, serving

SCRIPT = PEERS / "node_modules" / "pouchdb" / "dist" / "pouchdb.min.js"
LOGIN = ("--user", "it", "--password", "zhu-he")
BASIC = {"Authorization": "Basic aXQ6emh1LWhl"}

SYNC = """async (url) => {
  const here = new PouchDB("office");
  await here.put({_id: "from-page", note: "材料齐全", _attachments: {
    "照片.png": {content_type: "image/png", data: new Blob(["photo"])}}});
  try {
    const done = await here.sync(new PouchDB(url));
    const all = await here.allDocs();
    return {pushed: done.push.docs_written, pulled: done.pull.docs_written,
            ids: all.rows.map((row) => row.id)};
  } catch (error) {
    return {refused: String(error.name)};
  }
}"""

LIVE = """async (url) => {
  const here = new PouchDB("hall");
  const sync = here.sync(new PouchDB(url), {live: true, retry: true});
  const pulled = new Promise((resolve) => sync.on("change", (change) => {
    if (change.direction === "pull") { resolve(change.change.docs.map((doc) => doc._id)); }
  }));
  window.waiting = true;
  const ids = await pulled;
  sync.cancel();
  return ids;
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another web server, whose page has PouchDB in it."""
    need_peers()
    folder = tmp_path_factory.mktemp("page")
    (folder / "pouchdb.js").write_bytes(SCRIPT.read_bytes())
    (folder / "index.html").write_text(
        '<!doctype html><title>page</title><script src="pouchdb.js"></script>'
    )
    handler = functools.partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(origin: str) -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (make setup)")
    with sync_playwright() as playwright, chromium(playwright) as browser:
        context = browser.new_context()
        opened = context.new_page()
        opened.goto(origin)
        yield opened
        context.close()


def put(url: str, name: str) -> None:
    assert ask("PUT", f"{url}cases/{name}", {"days": 7}, BASIC)[0] == 201


def with_login(url: str) -> str:
    return url.replace("http://", "http://it:zhu-he@") + "cases"


def test_a_page_of_a_named_origin_syncs_both_ways(
    page: Page, origin: str, tmp_path: Path
) -> None:
    with serving(tmp_path / "s.sqlite", *LOGIN, "--cors-origin", origin) as url:
        ask("PUT", f"{url}cases", None, BASIC)
        put(url, "from-server")

        done: dict[str, Any] = page.evaluate(SYNC, with_login(url))

        assert done == {"pushed": 1, "pulled": 1, "ids": ["from-page", "from-server"]}
        stored = ask("GET", f"{url}cases/from-page", None, BASIC)[1]
        assert stored["_attachments"]["照片.png"]["length"] == len("photo")


def test_a_page_that_waits_hears_of_a_change(page: Page, origin: str, tmp_path: Path) -> None:
    with serving(tmp_path / "s.sqlite", *LOGIN, "--cors-origin", origin) as url:
        ask("PUT", f"{url}cases", None, BASIC)
        page.evaluate(
            "([live, url]) => { window.heard = eval(live)(url); }", [LIVE, with_login(url)]
        )
        page.wait_for_function("window.waiting")
        put(url, "news")

        assert page.evaluate("window.heard") == ["news"]


@pytest.mark.parametrize("named", ["", "http://other.example"])
def test_a_page_of_any_other_origin_is_shut_out(page: Page, tmp_path: Path, named: str) -> None:
    options = ("--cors-origin", named) if named else ()
    with serving(tmp_path / "s.sqlite", *LOGIN, *options) as url:
        ask("PUT", f"{url}cases", None, BASIC)

        done: dict[str, Any] = page.evaluate(SYNC, with_login(url))

        assert "refused" in done
        assert ask("GET", f"{url}cases", None, BASIC)[1]["doc_count"] == 0
