"""One call for many rows: what belongs to which row, and results back in the order of the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from latticework.errors import InputError
from latticework.models.agreement import with_agreement
from latticework.models.result import Result

if TYPE_CHECKING:
    from latticework.diffusion.records import Step
    from latticework.tokens.vocabulary import Vocabulary
    from latticework.viz.trace import Trace

AnyResult = TypeVar("AnyResult", bound=Result)


def pair(prompt: object, grammar: Any) -> tuple[Sequence[str], Sequence[Any]]:
    """Prompts and as many grammars."""
    if isinstance(prompt, str):
        if isinstance(grammar, list | tuple):
            raise InputError(f"one prompt takes one grammar, got a list of {len(grammar)}")
        return [prompt], [grammar]
    if not isinstance(prompt, list | tuple):
        raise InputError(f"prompt must be a text or a list of texts, got {type(prompt).__name__}")
    if not isinstance(grammar, list | tuple):
        return prompt, [grammar] * len(prompt)
    if len(grammar) != len(prompt):
        raise InputError(f"{len(prompt)} prompts and {len(grammar)} grammars; give one grammar, or one per prompt")
    return prompt, grammar


def each(given: Any, count: int, name: str, single: bool) -> Sequence[Any]:
    """One value for each of ``count`` texts, from one for all or a list."""
    if not isinstance(given, list | tuple):
        return [given] * count
    if single:
        raise InputError(f"one text takes one {name}, got a list of {len(given)}")
    if len(given) != count:
        raise InputError(f"{count} texts and a list of {len(given)} for {name}; give one for all, or one for each")
    return given


def candidate_seeds(n: int | None, seed: int | None, temperature: float) -> list[int | None]:
    """The seed of each candidate of a prompt; ``n=None`` stands for a single one.

    Candidate k has the seed ``seed + k``, so that any of them can be made again alone.
    """
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
        raise InputError(f"n must be a positive integer, got {n!r}")
    if n is None or n == 1:
        return [seed]
    if temperature == 0 or seed is None:
        raise InputError(f"n={n} candidates would all be the same at temperature 0: set temperature above 0")
    return [seed + candidate for candidate in range(n)]


def arranged(results: list[Result], single: bool, n: int | None) -> Result | list[Result] | list[list[Result]]:
    """Results as the caller asked for them: for each prompt one, or a list of its ``n`` candidates.

    The error of a single prompt is raised; with candidates, where all of them failed.
    """
    if n is None:
        return only(results) if single else results
    grouped = [with_agreement(results[start : start + n]) for start in range(0, len(results), n)]
    if not single:
        return grouped
    first = grouped[0][0].error
    if first is not None and all(result.error for result in results):
        raise first
    return grouped[0]


def only(results: Sequence[AnyResult]) -> AnyResult:
    """The single result; its error is raised."""
    [result] = results
    if result.error is not None:
        raise result.error
    return result


def new_traces(vocabulary: Vocabulary, places: Sequence[int]) -> dict[int, Trace]:
    """An empty trace for the row of each place."""
    from latticework.viz.trace import Trace

    return {place: Trace(vocabulary) for place in places}


def traced(result: AnyResult, trace: Trace) -> AnyResult:
    """The result with its trace, which learns how sure the model was of the fields."""
    trace.fields = result.confidence
    return replace(result, trace=trace)


def hook_of(
    on_step: Callable[[Step], None] | None, traces: Mapping[int, Trace], places: Sequence[int]
) -> Callable[[Step], None] | None:
    """What the loop calls: traces and the caller's hook, with indices of prompts where the loop counts requests."""
    if on_step is None and not traces:
        return None

    def hook(step: Step) -> None:
        own = replace(step, row=places[step.row])
        if own.row in traces:
            traces[own.row](own)
        if on_step is not None:
            on_step(own)

    return hook
