"""Stores on a cluster, opened for one test and closed after it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from sync.stores.couch import CouchStore
from sync.stores.couch_client import ClusterSettings
from tests.support.faulty import FaultyLink
from tests.support.stores import cluster, cluster_settings, open_couch


@pytest.fixture
def open_stores() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def settings() -> ClusterSettings:
    return cluster_settings(cluster("pouchdb"))


def opened(
    stack: ExitStack, settings: ClusterSettings, index: Path, seed: int = 4
) -> CouchStore:
    store = open_couch(settings, index, seed)
    stack.callback(store.close)
    return store


def through(settings: ClusterSettings, *links: FaultyLink) -> ClusterSettings:
    return replace(settings, urls=tuple(link.url for link in links))
