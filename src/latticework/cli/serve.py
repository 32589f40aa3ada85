"""``serve``: the OpenAI-compatible server on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from latticework.cli.inputs import refusals
from latticework.cli.model_options import ModelChoice, with_model_options
from latticework.cli.saving_options import cache_options


@with_model_options
def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one, which is logged.")] = 8000,
    name: Annotated[str | None, typer.Option(help="Id under which the model is served; its own name.")] = None,
    api_key: Annotated[
        str | None, typer.Option(envvar="LATTICEWORK_API_KEY", help="What requests must bring; none asked for.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="Origin that browsers may call from (CORS); repeat.")
    ] = None,
    max_batch: Annotated[int, typer.Option(min=1, help="Canvases denoised together.")] = 8,
    max_waiting: Annotated[int, typer.Option(min=0, help="Further canvases that may wait; 429 beyond.")] = 64,
    request_timeout: Annotated[float, typer.Option(min=0.1, help="Seconds a request may take.")] = 300.0,
    shutdown_timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for running requests at the end.")] = 30.0,
    max_body_bytes: Annotated[int, typer.Option(min=1, help="Bytes of a request's body.")] = 4 << 20,
    max_choices: Annotated[int, typer.Option(min=1, help="Canvases of one request.")] = 16,
    max_canvas: Annotated[int, typer.Option(min=1, help="Slots of one canvas.")] = 4096,
    cache: Annotated[
        str | None, typer.Option(help="Keep keys and values between forwards: prefix, dual, dkv, freecache or window.")
    ] = None,
    cache_option: Annotated[
        list[str] | None, typer.Option(help="An option of the cache, as NAME=NUMBER; repeat.")
    ] = None,
    log_level: Annotated[str, typer.Option(help="critical, error, warning, info or debug.")] = "info",
    *,
    model: ModelChoice,
) -> None:
    """Serve a model over HTTP, in the form of the OpenAI API, until SIGINT or SIGTERM."""
    if log_level not in ("critical", "error", "warning", "info", "debug"):
        raise typer.BadParameter(f"unknown log level {log_level!r}")
    with refusals():
        from latticework import server

        run = server.serve
        settings = server.Settings(
            model_name=name,
            api_key=api_key,
            allowed_origins=tuple(allow_origin or ()),
            max_batch=max_batch,
            max_waiting=max_waiting,
            request_timeout=request_timeout,
            shutdown_timeout=shutdown_timeout,
            max_body_bytes=max_body_bytes,
            max_choices=max_choices,
            max_canvas=max_canvas,
            cache=cache,
            cache_options=cache_options(cache, cache_option),
        )
        run(model.load(), settings, host=host, port=port, log_level=log_level)
