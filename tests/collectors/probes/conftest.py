"""AWS that refuses, on a port of its own."""

from collections.abc import Iterator

import pytest

from tests.collectors.probes.scripted_aws import ScriptedAws, scripted_aws


@pytest.fixture
def aws() -> Iterator[ScriptedAws]:
    """Allows all until a test says otherwise."""
    with scripted_aws() as played:
        yield played
