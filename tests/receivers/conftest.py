"""Real receivers are started only where TRACEHUB_TEST_RECEIVERS is set, as `make test-receivers` does."""

import os
from pathlib import Path

import pytest

collect_ignore_glob = [] if os.environ.get("TRACEHUB_TEST_RECEIVERS") else ["test_*.py"]


@pytest.fixture(scope="session")
def captures(request: pytest.FixtureRequest) -> Path | None:
    """The folder of real captures; without one the demo alone is exported."""
    try:
        found: Path = request.getfixturevalue("corpus_dir")
    except pytest.skip.Exception:
        return None
    return found
