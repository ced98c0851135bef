"""The command line: words to calls. Heavy modules are imported by the commands that need them."""

import gc
import sys

from tracehub.cli.commands import build_commands
from tracehub.errors import TracehubError


def main() -> None:
    """Runs the command that the arguments name; a tracehub error becomes one line on standard error and exit code 2."""
    # Loading makes many objects and hardly a cycle: at its own threshold the collector takes a tenth of a start.
    gc.set_threshold(100_000, 20, 100)
    try:
        build_commands()()
    except TracehubError as error:
        print(f"tracehub: {error}", file=sys.stderr)
        sys.exit(2)
