import random

import pytest

from sync.stores.memory import MemoryStore
from tests.support.couch_http import Couch


@pytest.fixture
def couch() -> Couch:
    """A served store with the empty database `cases`."""
    client = Couch(MemoryStore(random.Random(3).randbytes))
    assert client.put("/cases", None).status == 201
    return client
