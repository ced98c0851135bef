"""Prints figures beside their floors and aims."""

from rich.console import Console
from rich.table import Table


class Report:
    """A table that grows line by line."""

    def __init__(self, title: str) -> None:
        self._table = Table("what", "figure", "floor", "ratio", "aim", "met", title=title, title_justify="left")

    def add(
        self,
        what: str,
        value: float,
        unit: str,
        *,
        floor: float | None = None,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """One figure; the ratio is the figure over its floor."""
        aim = (
            f"≤ {at_most:,g} {unit}"
            if at_most is not None
            else f"≥ {at_least:,g} {unit}"
            if at_least is not None
            else ""
        )
        met = ""
        if at_most is not None:
            met = "yes" if value <= at_most else "NO"
        if at_least is not None:
            met = "yes" if value >= at_least else "NO"
        self._table.add_row(
            what,
            f"{value:,.4g} {unit}" if value < 1000 else f"{value:,.0f} {unit}",
            f"{floor:,.4g} {unit}" if floor is not None and floor < 1000 else f"{floor:,.0f} {unit}" if floor else "",
            f"{value / floor:.2f}" if floor else "",
            aim,
            met,
        )

    def print(self) -> None:
        """Writes the table to standard output."""
        Console(width=150).print(self._table)
