"""What the commands that write texts may prefer: scaffold, weights, segmentation, the prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias, get_args

import typer

from latticework.cli.expanding import with_options
from latticework.scaffold.choice import ScaffoldName

Wishes: TypeAlias = dict[str, Any]
"""Keyword arguments of ``Model.generate``."""

_WEIGHTS: dict[str, tuple[Any, Any]] = {
    "copy_bias": (
        Annotated[float, typer.Option(min=-100, max=100, help="Nats for tokens that the text has.")],
        0.0,
    ),
    "length_bonus": (
        Annotated[float, typer.Option(min=-100, max=100, help="Nats for every token, against short documents.")],
        0.0,
    ),
    "null_bias": (
        Annotated[float, typer.Option(min=-100, max=100, help="Nats for null where a value may be null.")],
        0.0,
    ),
    "horizon": (
        Annotated[
            int | None,
            typer.Option(
                min=0, help="Slots behind the active block whose rows count; by default what suits the model."
            ),
        ],
        None,
    ),
    "adaptive_blocks": (
        Annotated[
            float | None,
            typer.Option(min=0, max=1, help="How sure the model has to be for blocks to reach on; 1: never."),
        ],
        None,
    ),
    "canonical": (
        Annotated[bool, typer.Option("--canonical", help="Only texts cut as the model's tokenizer cuts them.")],
        False,
    ),
    "schema_in_prompt": (
        Annotated[
            bool,
            typer.Option("--schema-in-prompt/--no-schema-in-prompt", help="Describe the schema to the model."),
        ],
        True,
    ),
}
_SCAFFOLD: dict[str, tuple[Any, Any]] = {
    "scaffold": (Annotated[str, typer.Option(help="How fixed text starts: auto, soft, elastic or none.")], "auto"),
}


def with_wishes(command: Callable[..., None]) -> Callable[..., None]:
    """The command with these options; its parameter ``wishes`` gets :data:`Wishes`."""
    return with_options(command, "wishes", _SCAFFOLD | _WEIGHTS, _checked)


def with_weights(command: Callable[..., None]) -> Callable[..., None]:
    """The same without the scaffold, for a command that has its own option for that."""
    return with_options(command, "wishes", _WEIGHTS, dict)


def _checked(found: dict[str, Any]) -> Wishes:
    if found["scaffold"] not in get_args(ScaffoldName):
        known = ", ".join(get_args(ScaffoldName))
        raise typer.BadParameter(f"unknown scaffold {found['scaffold']!r}; known: {known}", param_hint="--scaffold")
    return dict(found)
