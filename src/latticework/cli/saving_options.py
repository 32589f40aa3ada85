"""What saves forwards or parts of them: caches and a guide, the same options for every command that generates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import typer

from latticework.cli.expanding import with_options
from latticework.errors import InputError

Savings: TypeAlias = dict[str, Any]

_OPTIONS: dict[str, tuple[Any, Any]] = {
    "cache": (
        Annotated[
            str | None,
            typer.Option(help="Keep keys and values between forwards: prefix, dual, dkv, freecache or window."),
        ],
        None,
    ),
    "cache_option": (
        Annotated[list[str] | None, typer.Option(help="An option of the cache, as NAME=NUMBER; repeat.")],
        None,
    ),
    "guide": (
        Annotated[str | None, typer.Option(help="A small autoregressive model that commits what it agrees to.")],
        None,
    ),
}


def with_savings(command: Callable[..., None]) -> Callable[..., None]:
    """The command with these options; its parameter ``savings`` gets them as keyword arguments of ``Model.infill``."""
    return with_options(command, "savings", _OPTIONS, _read)


def _read(found: dict[str, Any]) -> Savings:
    options = cache_options(found["cache"], found["cache_option"])
    return {"cache": found["cache"], "cache_options": options, "guide": found["guide"]}


def cache_options(cache: str | None, texts: list[str] | None) -> dict[str, int] | None:
    """Options of a cache that are written as NAME=NUMBER; raises ``typer.BadParameter`` for what is no such cache."""
    options = dict(_number(option) for option in texts or ())
    if cache is None and options:
        raise typer.BadParameter("--cache-option goes with --cache")
    if cache is not None:
        from latticework.diffusion.caches import strategy_of

        try:
            strategy_of(cache, options)
        except InputError as error:
            raise typer.BadParameter(str(error), param_hint="--cache") from None
    return options or None


def _number(option: str) -> tuple[str, int]:
    name, _, value = option.partition("=")
    if not name or not value.strip().isdecimal():
        raise typer.BadParameter(f"write it as NAME=NUMBER, got {option!r}", param_hint="--cache-option")
    return name.strip().replace("-", "_"), int(value)
