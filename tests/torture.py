"""How often tests kill processes: a few times in every run, as often as TRACEHUB_TORTURE_KILLS says before a release."""

import os

KILLS = int(os.environ.get("TRACEHUB_TORTURE_KILLS", "8"))
