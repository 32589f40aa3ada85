"""What the parts of a running server share."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

from latticework.server.engine import Engine
from latticework.server.errors import ApiError
from latticework.server.grammars import Grammars
from latticework.server.metrics import Metrics

if TYPE_CHECKING:
    from latticework.models.base import DiffusionModel
    from latticework.models.model import Model
    from latticework.server.generation import Generation
    from latticework.server.settings import Settings


class State:
    """A model, its engine, and what watches over them.

    Attributes:
        model: what is served, under ``name``.
        settings: limits.
        metrics: counters.
        engine: denoises.
        grammars: compiles.
        workers: threads that compile and open canvases.
        started: seconds of the epoch.
        open: requests that have a place.
    """

    def __init__(self, model: Model, settings: Settings) -> None:
        """Raises ``InputError`` where the model cannot be read through the cache that the settings want."""
        self.model = model
        self.settings = settings
        self.name = settings.model_name or model.name
        self.metrics = Metrics()
        self.engine = Engine(_through(model, settings), settings.max_batch, settings.max_waiting, self.metrics)
        self.grammars = Grammars(model.vocabulary, settings.limits, settings.cache_bytes)
        self.workers = ThreadPoolExecutor(settings.compile_workers, thread_name_prefix="compile")
        self.started = int(time.time())
        self.open: set[Generation] = set()
        self.metrics.watch("canvases_running", "Canvases in the batch.", lambda: self.engine.running)
        self.metrics.watch("canvases_taken", "Places taken: prepared, waiting, running.", lambda: self.engine.taken)
        self.metrics.watch_cache(self.grammars.cache)

    def check_model(self, name: str) -> None:
        """Raises ``ApiError`` (404) for another model than the one that is served."""
        if name != self.name:
            message = f"the model {name[:80]!r} does not exist; this server has {self.name!r}"
            raise ApiError(404, message, "model", "model_not_found")

    def give_up(self) -> None:
        """End what is still open: time is up for it."""
        for generation in list(self.open):
            generation.give_up()

    def close(self) -> None:
        """Stop the threads."""
        self.engine.close()
        self.workers.shutdown(wait=False, cancel_futures=True)


def _through(model: Model, settings: Settings) -> DiffusionModel:
    """What the engine asks: the model, or a cache in front of it, which drops a row when its canvas has left."""
    if settings.cache is None:
        return model.backend
    from latticework.diffusion.caches import cached

    block = model.backend.block_length
    return cast("DiffusionModel", cached(model.backend, settings.cache, settings.cache_options, block))
