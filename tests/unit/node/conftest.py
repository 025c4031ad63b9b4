"""A small network whose lowest tier has pages, and a browser at its window."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.pages import blueprint
from tests.support.network import VILLAGE, Network, small_network
from tests.support.pages import Browser, Site


@pytest.fixture
def network() -> Iterator[Network]:
    with small_network() as made:
        yield made


@pytest.fixture
def site(network: Network, tmp_path: Path) -> Site:
    return Site(network.places[VILLAGE], tmp_path, blueprint)


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()
