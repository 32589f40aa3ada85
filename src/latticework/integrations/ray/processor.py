"""Processors after the manner of ``ray.data.llm``: a configuration, functions before and after, datasets in and out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from latticework.errors import InputError
from latticework.integrations.ray.stage import LatticeworkStage

if TYPE_CHECKING:
    from ray.data import Dataset

Row = dict[str, Any]


@dataclass(frozen=True)
class ProcessorConfig:
    """What to run, and on how much.

    Attributes:
        model_source, schema, schema_options, engine_kwargs, sampling_params, text_column, should_continue_on_error: as
            in :class:`LatticeworkStage`.
        batch_size: rows a call of an actor gets.
        concurrency: actors, or the fewest and the most of them. Each loads the model.
        num_gpus: of each actor; set ``engine_kwargs={"device": "cuda"}`` with it.
        num_cpus: of each actor; that of Ray when not given.
    """

    model_source: str = "embedded"
    schema: dict[str, Any] | bool | None = None
    schema_options: Mapping[str, Any] = field(default_factory=dict)
    engine_kwargs: Mapping[str, Any] = field(default_factory=dict)
    sampling_params: Mapping[str, Any] = field(default_factory=dict)
    text_column: str = "text"
    should_continue_on_error: bool = True
    batch_size: int = 16
    concurrency: int | tuple[int, int] = 1
    num_gpus: float = 0
    num_cpus: float | None = None

    @property
    def digest(self) -> str:
        """Stands for everything that decides what the answers are."""
        known = asdict(self)
        for name in ("batch_size", "concurrency", "num_gpus", "num_cpus"):
            del known[name]
        return blake2b(json.dumps(known, sort_keys=True, default=repr).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Processor:
    """Call it with a dataset; what it returns is computed when it is consumed, as all of Ray Data is."""

    config: ProcessorConfig
    preprocess: Callable[[Row], Row] | None = None
    postprocess: Callable[[Row], Row] | None = None
    stage: type[LatticeworkStage] = LatticeworkStage

    def __call__(self, dataset: Dataset) -> Dataset:
        from ray.data import ActorPoolStrategy

        config = self.config
        fewest, most = (
            config.concurrency if isinstance(config.concurrency, tuple) else (config.concurrency, config.concurrency)
        )
        if self.preprocess is not None:
            dataset = dataset.map(self.preprocess)
        dataset = dataset.map_batches(
            self.stage,
            fn_constructor_args=(config.model_source, config.schema),
            fn_constructor_kwargs={
                "schema_options": dict(config.schema_options),
                "engine_kwargs": dict(config.engine_kwargs),
                "sampling_params": dict(config.sampling_params),
                "text_column": config.text_column,
                "should_continue_on_error": config.should_continue_on_error,
            },
            batch_size=config.batch_size,
            compute=ActorPoolStrategy(min_size=fewest, max_size=most),
            num_gpus=config.num_gpus or None,
            num_cpus=config.num_cpus,
        )
        return dataset if self.postprocess is None else dataset.map(self.postprocess)


def build_processor(
    config: ProcessorConfig,
    preprocess: Callable[[Row], Row] | None = None,
    postprocess: Callable[[Row], Row] | None = None,
) -> Processor:
    """A processor of datasets.

    Args:
        config: see there.
        preprocess: makes of a row one with the text column.
        postprocess: makes of an answered row what is kept.

    Raises:
        SchemaError: the schema cannot be enforced; before any actor has started.
        InputError: Ray is not installed, or a number makes no sense.
    """
    try:
        import ray.data  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(f"this needs Ray Data ({error.name}): pip install 'latticework[ray]'") from error
    fewest = config.concurrency[0] if isinstance(config.concurrency, tuple) else config.concurrency
    if fewest < 1 or config.batch_size < 1:
        raise InputError(f"concurrency and batch_size are at least 1, got {config.concurrency} and {config.batch_size}")
    if config.schema is not None:
        from latticework.grammar import json_schema

        json_schema(config.schema, **config.schema_options)
    return Processor(config, preprocess, postprocess)
