"""The sample lesson, which several files of tests plant their errors into."""

import copy
import gc

import nbformat
import pytest
from sample_lesson import build

from tools import notebooks, stored


def pytest_collection_finish():
    """Thousands of tests are no garbage: to look through them again takes minutes."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """The sample lesson, run once and stored: (its path, the notebook)."""
    path = build(tmp_path_factory.mktemp("book"))
    stored.write(notebooks.execute(path), path)
    return path, nbformat.read(path, as_version=4)


@pytest.fixture
def lesson(sample):
    """A copy of it to spoil."""
    return copy.deepcopy(sample[1])
