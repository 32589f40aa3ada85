"""Arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from latticework.errors import InputError


class PolicyName(StrEnum):
    THRESHOLD = "threshold"
    LOW_CONFIDENCE = "low-confidence"
    ENTROPY_BOUND = "entropy-bound"


SchemaArgument = Annotated[str, typer.Argument(help="JSON Schema: a file, or the schema itself.", metavar="SCHEMA")]
ModelOption = Annotated[str, typer.Option("--model", help='"embedded" or a local model folder.')]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the full result object.")]
WatchOption = Annotated[bool, typer.Option("--watch", help="Show the canvas being denoised (on stderr).")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress, no notes on stderr; errors are still shown.")]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Slots of the canvas.")]
Temperature = Annotated[float, typer.Option(min=0.0, max=100.0, help="0: the likeliest document; above: a sample.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Reproduces a sample.")]
PolicyOption = Annotated[PolicyName | None, typer.Option(help="Which slots to commit after a forward.")]
ThresholdOption = Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Confidence that commits a slot.")]
StepsOption = Annotated[int | None, typer.Option(min=1, help="Forwards of the low-confidence policy.")]
GammaOption = Annotated[float | None, typer.Option(min=0.0, help="Bound of the entropy-bound policy, nats.")]
BlockLength = Annotated[int | None, typer.Option(min=1, help="Decode in blocks of this many slots.")]
GrammarOption = Annotated[
    str | None,
    typer.Option("--grammar", help="Context-free grammar: a name (python, json, ...) or a .lark or .gbnf file."),
]


def loop_options(
    temperature: float,
    seed: int | None,
    policy: PolicyName | None,
    threshold: float | None,
    steps: int | None,
    gamma: float | None,
    block_length: int | None,
) -> dict[str, Any]:
    """Keyword arguments of ``Model.infill``; options that contradict each other are wrong usage."""
    from latticework.diffusion.policy import choose_policy

    try:
        chosen = choose_policy(policy.value if policy else None, threshold=threshold, steps=steps, gamma=gamma)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
    return {"temperature": temperature, "seed": seed, "policy": chosen, "block_length": block_length}
