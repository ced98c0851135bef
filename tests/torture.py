"""How often tests kill processes: a few times in every run, or as often as TRACEHUB_TORTURE_KILLS says."""

import os

KILLS = int(os.environ.get("TRACEHUB_TORTURE_KILLS", "8"))
