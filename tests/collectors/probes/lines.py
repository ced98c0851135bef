"""Findings as a person reads them."""

from collections.abc import Iterable

from tracehub.app import clock
from tracehub.collectors.probes.finding import Finding
from tracehub.collectors.probes.identity import Reached, identify
from tracehub.model.source import Source


def lines(findings: Iterable[Finding]) -> list[str]:
    """`level: what` or `level: what -> remedy`."""
    return [f"{found.level}: {found.what}" + (f" -> {found.remedy}" if found.remedy else "") for found in findings]


def reached(source: Source) -> Reached:
    """The way into the source's AWS."""
    found = identify(source, clock).reached
    assert found is not None
    return found
