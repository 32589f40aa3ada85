"""What a server is told when it starts; every limit has a unit and a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from latticework.errors import InputError
from latticework.grammar.limits import Limits

# Grammars come from strangers here, so they may cost less than those a program compiles for itself.
SERVER_LIMITS = Limits(max_schema_bytes=1 << 20, max_schema_nodes=20_000, max_nodes=250_000, max_states=120_000)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves.

    Attributes:
        model_name: the id under which the model is served; its own name when not given.
        api_key: what requests must bring as ``Authorization: Bearer ...``, ``/health`` excepted; ``None`` for no check.
        allowed_origins: origins that browsers may call from (CORS); none by default.
        max_batch: canvases that are denoised together, in one forward.
        max_waiting: further canvases that may wait or be prepared; a request beyond is answered with 429.
        request_timeout: seconds in which a body must arrive, and then those up to the end of its answer.
        shutdown_timeout: seconds that running requests may take after SIGTERM.
        max_body_bytes: bytes of a request's body.
        max_choices: canvases of one request (``n``, times the prompts of a completion).
        max_canvas: slots of one canvas, where the model's positions do not bound it lower.
        cache_bytes: tables of compiled grammars that are kept, least recently used first to go.
        cache, cache_options: keys and values kept between forwards, by the names of ``Model.generate``; for the rows of
            the running batch only. None by default.
        compile_workers: threads that compile grammars and open canvases.
        limits: what one grammar may cost.
    """

    model_name: str | None = None
    api_key: str | None = None
    allowed_origins: tuple[str, ...] = ()
    max_batch: int = 8
    max_waiting: int = 64
    request_timeout: float = 300.0
    shutdown_timeout: float = 30.0
    max_body_bytes: int = 4 << 20
    max_choices: int = 16
    max_canvas: int = 4096
    cache_bytes: int = 256 << 20
    cache: str | None = None
    cache_options: Mapping[str, int] | None = None
    compile_workers: int = 2
    limits: Limits = field(default=SERVER_LIMITS)

    def __post_init__(self) -> None:
        for name in ("max_batch", "max_body_bytes", "max_choices", "max_canvas", "cache_bytes", "compile_workers"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.max_waiting < 0:
            raise InputError(f"max_waiting must not be negative, got {self.max_waiting}")
        for name in ("request_timeout", "shutdown_timeout"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above 0 seconds, got {getattr(self, name)}")
        if self.cache_options and self.cache is None:
            raise InputError("cache_options go with a cache: give cache=")
        if self.api_key == "":
            raise InputError("the API key is empty: leave it out to serve without one")
