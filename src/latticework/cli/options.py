"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from latticework.errors import InputError

SchemaArgument = Annotated[str, typer.Argument(help="JSON Schema: a file, or the schema itself.", metavar="SCHEMA")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the full result object.")]
WatchOption = Annotated[bool, typer.Option("--watch", help="Show the canvas being denoised (on stderr).")]
TraceOption = Annotated[
    Path | None,
    typer.Option("--trace", help="Write a page that replays the denoising; of several texts, NAME-1.html and so on."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress, no notes on stderr; errors are still shown.")]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Slots of the canvas.")]
Temperature = Annotated[float, typer.Option(min=0.0, max=100.0, help="0: the likeliest document; above: a sample.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Reproduces a sample.")]
PolicyOption = Annotated[
    str | None,
    typer.Option(help="Which slots to commit after a forward: threshold, low-confidence, ... (see bench policies)."),
]
PolicyOptions = Annotated[
    list[str] | None, typer.Option("--policy-option", help="An option of the policy, as NAME=VALUE; repeat.")
]
Guidance = Annotated[float, typer.Option(min=0.0, help="Weight of classifier-free guidance; 0: none.")]
ThresholdOption = Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Confidence that commits a slot.")]
StepsOption = Annotated[int | None, typer.Option(min=1, help="Forwards of the low-confidence policy.")]
GammaOption = Annotated[float | None, typer.Option(min=0.0, help="Bound of the entropy-bound policy, nats.")]
BlockLength = Annotated[int | None, typer.Option(min=1, help="Decode in blocks of this many slots.")]
GrammarOption = Annotated[
    str | None,
    typer.Option("--grammar", help="Context-free grammar: a name (python, json, ...) or a .lark or .gbnf file."),
]
GbnfOption = Annotated[str | None, typer.Option("--gbnf", help="GBNF grammar: a file, or the grammar itself.")]


def loop_options(
    temperature: float,
    seed: int | None,
    policy: str | None,
    threshold: float | None,
    steps: int | None,
    gamma: float | None,
    block_length: int | None,
    policy_options: list[str] | None = None,
    guidance: float = 0.0,
) -> dict[str, Any]:
    """Keyword arguments of ``Model.infill``; options that contradict each other are wrong usage."""
    from latticework.diffusion.policies.registry import read_options
    from latticework.diffusion.policy import choose_policy

    texts = dict(_named(option) for option in policy_options or ())
    try:
        own = read_options(policy or "threshold", texts)
        chosen = choose_policy(policy, threshold=threshold, steps=steps, gamma=gamma, options=own)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
    return {
        "temperature": temperature,
        "seed": seed,
        "policy": chosen,
        "block_length": block_length,
        "guidance": guidance,
    }


def _named(option: str) -> tuple[str, str]:
    name, sign, value = option.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"write it as NAME=VALUE, got {option!r}", param_hint="--policy-option")
    return name.strip().replace("-", "_"), value.strip()
