"""MLflow's tracking server, which takes OTLP, and what its own client reads back."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.receivers.environments import programs_of
from tests.receivers.processes import free_port, running

# It takes spans for one of its experiments, and this one is always there.
HEADERS = {"x-mlflow-experiment-id": "0"}
_DATABASE = "mlflow.db"
_READING = Path(__file__).with_name("mlflow_reading.py")


class MlflowServer:
    """A running one with its database."""

    def __init__(self, address: str, database: Path) -> None:
        self.address = address
        self.database = database

    def traces(self) -> list[dict[str, Any]]:
        """All traces with their spans, in MLflow's JSON."""
        # This folder has a module of MLflow's name, so it stays out of the path (-P).
        command = [str(programs_of("mlflow") / "python"), "-P", "-W", "ignore", str(_READING), self.address]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=self.database.parent, timeout=300)
        return [json.loads(line) for line in told.stdout.splitlines() if line.startswith(b"{")]


@contextmanager
def serving(folder: Path) -> Iterator[MlflowServer]:
    """One with an empty database in this folder."""
    port = free_port()
    listening = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    kept = [
        "--backend-store-uri",
        f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    command = [str(programs_of("mlflow") / "mlflow"), "server", *listening, *kept]
    with running(command, folder, f"http://127.0.0.1:{port}/health", MLFLOW_DISABLE_TELEMETRY="true"):
        yield MlflowServer(f"http://127.0.0.1:{port}", folder / _DATABASE)
