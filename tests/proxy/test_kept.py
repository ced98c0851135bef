"""What is kept of a call's request: what was allowed by name, and nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.proxy.asking import PATH, ask
from tests.proxy.echoing import Echo, echoing
from tests.proxying import Proxying, proxying
from tracehub.app import open_app
from tracehub.bedrock.blocks import events_in
from tracehub.settings import Settings
