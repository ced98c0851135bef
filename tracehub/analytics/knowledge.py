"""What reading and assembling traces needs beside the events: prices, and rules for inferred tool errors."""

from pathlib import Path

import msgspec

from tracehub.bedrock.prices import PriceTable, load_prices
from tracehub.bedrock.tool_errors import ErrorRule, load_rules


class Knowledge(msgspec.Struct, frozen=True):
    """The price table and the rules in force."""

    prices: PriceTable
    rules: tuple[ErrorRule, ...]


def load_knowledge(prices_file: Path | None, rules_file: Path | None) -> Knowledge:
    """The packaged tables with the user's files laid over them; PermanentError names what is wrong in a file."""
    return Knowledge(load_prices(prices_file), load_rules(rules_file))
