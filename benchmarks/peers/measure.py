"""Clock and peak memory of a piece of work in this process."""

from __future__ import annotations

import ctypes
import gc
import os
import pathlib
import platform
import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Stages:
    """Named laps of one run."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.processor_seconds = 0.0  # of all threads, user and system

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start, busy = time.perf_counter(), time.process_time()
        yield
        self.processor_seconds += time.process_time() - busy
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def _status(field: str) -> int:
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


def resident_bytes() -> int:
    return _status("VmRSS")


class PeakMemory:
    """Highest resident size since `start`: the kernel's own mark, or a 2 ms sampler where it cannot be reset."""

    def __init__(self) -> None:
        self.method = "VmHWM"
        try:
            pathlib.Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            self.method = "sampled"

    def start(self) -> None:
        if self.method == "VmHWM":
            pathlib.Path("/proc/self/clear_refs").write_text("5")
            return
        self._highest, self._stop = resident_bytes(), threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def _sample(self) -> None:
        while not self._stop.wait(0.002):
            self._highest = max(self._highest, resident_bytes())

    def stop(self) -> int:
        if self.method == "VmHWM":
            return _status("VmHWM")
        self._stop.set()
        self._sampler.join()
        return max(self._highest, resident_bytes())


def settle() -> None:
    """Give back what nobody holds, so that a run does not pay for, or profit from, its forerunner's leavings."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def measured(work: Callable[[Stages], object], baseline: int, repeat: int) -> tuple[dict, object]:
    """One warm-up and `repeat` measured runs of `work`; figures, and the last run's answer.

    Peak bytes are over `baseline`, the resident size with libraries and inputs loaded and nothing run yet.
    """
    peak = PeakMemory()
    seconds, processor, peaks, laps = [], [], [], []
    answer: object = None
    for _ in range(repeat + 1):
        answer = None
        settle()
        stages = Stages()
        peak.start()
        spent = resource.getrusage(resource.RUSAGE_SELF)
        start = time.perf_counter()
        answer = work(stages)
        seconds.append(time.perf_counter() - start)
        now = resource.getrusage(resource.RUSAGE_SELF)
        peaks.append(peak.stop() - baseline)
        processor.append(now.ru_utime + now.ru_stime - spent.ru_utime - spent.ru_stime)
        laps.append(stages.seconds)
    names = list(laps[-1])
    return {
        "seconds": statistics.median(seconds[1:]),
        "seconds_min": min(seconds[1:]),
        "seconds_all": [round(s, 4) for s in seconds[1:]],
        "seconds_warm_up": round(seconds[0], 4),
        "processor_seconds": statistics.median(processor[1:]),
        "peak_bytes": int(statistics.median(peaks[1:])),
        "peak_bytes_min": min(peaks[1:]),
        "peak_bytes_warm_up": peaks[0],
        "peak_method": peak.method,
        "stages": {name: statistics.median(lap[name] for lap in laps[1:]) for name in names},
    }, answer


def machine() -> dict:
    model = platform.processor()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory,
        "system": platform.system() + " " + platform.release(),
        "python": platform.python_version(),
        "load_before": [round(x, 2) for x in os.getloadavg()],
    }
