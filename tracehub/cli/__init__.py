"""The command line: words to calls. Heavy modules are imported by the commands that need them."""

import sys

from tracehub.cli.commands import build_commands
from tracehub.errors import TracehubError


def main() -> None:
    """Runs the command that the arguments name; a tracehub error becomes one line on standard error and exit code 2."""
    try:
        build_commands()()
    except TracehubError as error:
        print(f"tracehub: {error}", file=sys.stderr)
        sys.exit(2)
