"""The registries that tests of the registry start from."""

import pytest

from security.registry import Registry
from tests.golden.samples import ROOT_KEY, sample_registry


@pytest.fixture
def registry() -> Registry:
    return sample_registry()


@pytest.fixture
def empty() -> Registry:
    return Registry(ROOT_KEY.public)
