import json
from pathlib import Path

import pytest

from tests.support.couch_peers import PEERS, serving
from tests.support.couch_suite import (
    EXCLUDED,
    RUN_S_MAX,
    excluded_titles,
    run_suite,
    suite_files,
)

REPLICATION = frozenset({"replication"})
WAITING = frozenset({"retry", "bulk_docs", "conflicts", "get", "revs_diff", "local_docs"})
CONTENT = frozenset({"attachments", "changes", "sync", "basics", "compaction"})
REST = frozenset({"the rest"})

KINDS = ("javascript: ", "own server: ", "couchdb 1.x: ")
"""Needs functions in the server; fails against pouchdb-server too; wants an older answer."""


@pytest.mark.timeout(RUN_S_MAX + 30)
@pytest.mark.parametrize(
    ("named", "titles_min"),
    [
        pytest.param(REPLICATION, 280, id="replication"),
        pytest.param(WAITING, 129, id="waiting"),
        pytest.param(CONTENT, 360, id="content"),
        pytest.param(REST, 75, id="rest"),
    ],
)
def test_pouchdbs_own_suite_fails_in_nothing_but_what_is_listed(
    named: frozenset[str], titles_min: int, tmp_path: Path
) -> None:
    files = suite_files()
    others = files - REPLICATION - WAITING - CONTENT
    chosen = others if named == REST else named & files
    excluded = excluded_titles()

    with serving(tmp_path / "store.sqlite") as url:
        outcome = run_suite(url, chosen, tmp_path)

    unexpected = {title: why for title, why in outcome.failed.items() if title not in excluded}
    assert not unexpected, json.dumps(unexpected, indent=1, ensure_ascii=False)
    passed_though_excluded = sorted(outcome.passed & excluded.keys())
    assert not passed_though_excluded
    assert len(outcome.passed) + len(outcome.failed) >= titles_min


def test_every_excluded_title_has_a_reason_of_one_of_three_kinds() -> None:
    titles = excluded_titles()

    assert EXCLUDED.parent == PEERS
    assert titles
    assert not [title for title, why in titles.items() if not why.startswith(KINDS)]
    assert list(titles) == sorted(titles)
