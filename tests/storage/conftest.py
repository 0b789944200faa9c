"""A database with a small fleet on record."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.commit import Committer
from storage.database import Database
from storage.registry import import_registry, load_registry
from tests.scenes import registry


@pytest.fixture
async def bus_keys(database: Database) -> NDArray[np.int32]:
    """The keys of the buses B1 to B3, whose registry has been imported."""
    await import_registry(database, registry(buses=3))
    _, keys = await load_registry(database)
    return keys


@pytest.fixture
def committer(database: Database, bus_keys: NDArray[np.int32]) -> Committer:
    return Committer(database, bus_keys)
