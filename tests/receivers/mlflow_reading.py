"""Tells what an MLflow server holds, read by its own client: run in MLflow's environment, with the server's address."""

import sys
from importlib import import_module

_EXPERIMENT = "0"
_AT_ONCE = 200


def main(address: str) -> None:
    """Writes one trace a line: what MLflow says of it as a whole, and its spans."""
    # Only MLflow's own environment has it.
    client = import_module("mlflow").MlflowClient(tracking_uri=address)
    token = None
    while True:
        page = client.search_traces(locations=[_EXPERIMENT], max_results=_AT_ONCE, page_token=token)
        for trace in page:
            print(trace.to_json())
        token = page.token
        if not token:
            return


if __name__ == "__main__":
    main(sys.argv[1])
