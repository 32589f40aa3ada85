"""Counters of a server, in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from latticework.compiler import CompileCache
    from latticework.diffusion.records import Outcome

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_ROWS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """What happened since the start; every server has its own registry. Thread-safe."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.requests = Counter(
            "latticework_requests", "Requests answered, by route and status.", ["route", "status"], registry=own
        )
        self.seconds = Histogram(
            "latticework_request_seconds", "Time to the end of an answer.", ["route"], buckets=_SECONDS, registry=own
        )
        self.forwards = Counter("latticework_forwards", "Forwards of the model.", registry=own)
        self.rows_per_forward = Histogram(
            "latticework_forward_rows", "Canvases that shared a forward.", buckets=_ROWS, registry=own
        )
        self.canvases = Counter("latticework_canvases", "Canvases that were filled or failed.", registry=own)
        self.cancelled = Counter("latticework_canvases_cancelled", "Canvases given up by their client.", registry=own)
        self.tokens = Counter(
            "latticework_generated_tokens", "Slots of filled canvases, end and pad left out.", registry=own
        )
        self.stages = Counter(
            "latticework_stage_seconds",
            "Time of canvases by stage; a shared forward counts for each.",
            ["stage"],
            registry=own,
        )

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A gauge whose value is asked for when the metrics are read."""
        Gauge(f"latticework_{name}", meaning, registry=self.registry).set_function(read)

    def watch_cache(self, cache: CompileCache) -> None:
        """State of the compile cache."""
        for name in ("entries", "bytes", "hits", "misses"):
            read = partial(_state, cache, name)
            self.watch(f"compile_cache_{name}", f"Compile cache: {name}.", read)

    def batch(self, rows: int) -> None:
        """One forward for so many canvases."""
        self.forwards.inc()
        self.rows_per_forward.observe(rows)

    def row(self, outcome: Outcome) -> None:
        """A canvas that has left the batch."""
        self.canvases.inc()
        self.tokens.inc(outcome.body)
        spent = outcome.timings
        for stage in ("model", "constraint", "hidden", "policy"):
            self.stages.labels(stage).inc(getattr(spent, stage) / 1e3)

    def page(self) -> bytes:
        """The metrics as text."""
        return generate_latest(self.registry)


def _state(cache: CompileCache, name: str) -> float:
    return getattr(cache.info(), name)
