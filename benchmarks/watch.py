"""Watches a process from outside: CPU seconds and peak memory."""

import subprocess
import threading
import time
from types import TracebackType

import psutil


class Watch:
    """While open, samples the memory of `process`; afterwards `cpu_seconds` and `peak_mb` tell what it used."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = psutil.Process(process.pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.cpu_seconds = 0.0
        self.peak_mb = 0.0
        self._cpu_before = 0.0

    def __enter__(self) -> "Watch":
        self._cpu_before = self._cpu()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def _sample(self) -> None:
        while not self._stop.is_set():
            try:
                self.cpu_seconds = self._cpu() - self._cpu_before
                self.peak_mb = max(self.peak_mb, self._process.memory_info().rss / 1e6)
            except psutil.NoSuchProcess:
                return
            time.sleep(0.02)
