"""Real receivers are started only where TRACEHUB_TEST_RECEIVERS is set, as `make test-receivers` does."""

import os

collect_ignore_glob = [] if os.environ.get("TRACEHUB_TEST_RECEIVERS") else ["test_*.py"]
