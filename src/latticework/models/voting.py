"""One answer out of several runs that unmask in blocks of different lengths (HEX)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from latticework.errors import InputError, LatticeworkError

if TYPE_CHECKING:
    from latticework.models.model import Model
    from latticework.models.result import Result

BLOCK_LENGTHS = (8, 16, 32, 64, 128)


@dataclass(frozen=True, slots=True)
class Vote:
    """What was elected.

    Attributes:
        text: the elected text.
        value: as ``Result.value``.
        share: votes for it over all votes; with ``fieldwise`` the smallest share of a field.
        shares: by field (``""`` for the whole text, else JSON Pointers of the properties of the root).
        candidates: all runs, failed ones left out, in the order of the block lengths.
    """

    text: str
    value: Any
    share: float
    shares: dict[str, float]
    candidates: tuple[Result, ...]


def vote(
    model: Model,
    prompt: str,
    grammar: Any = None,
    *,
    block_lengths: Sequence[int] = BLOCK_LENGTHS,
    repeats: int = 1,
    fieldwise: bool = False,
    seed: int = 0,
    **options: Any,
) -> Vote:
    """Generate with every block length and elect the answer that occurs most often.

    Lee et al., "Test-Time Scaling in Diffusion LLMs via Hidden Semi-Autoregressive Experts" (HEX), arXiv 2510.05040:
    blocks of 8 to 128 slots and several seeds; a majority vote over the extracted answers. Here every candidate is
    valid, so nothing has to be extracted: JSON documents count as equal when their values are, whatever their key order
    and spelling, other texts when they are the same. Of equally many votes the candidate with the higher confidence
    wins.

    Args:
        model, prompt, grammar, options: as for ``Model.generate``, one prompt; ``block_length`` is set here.
        block_lengths: of the runs; lengths beyond the canvas are the same as its own.
        repeats: samples per block length; 2 and more need a temperature above 0.
        fieldwise: elect every property of the root object on its own. Where the document put together so is not in the
            language of the grammar, the vote over whole documents counts.
        seed: of the first sample.

    Cost: one generation per candidate. Raises what ``Model.generate`` raises where every candidate fails, and
    ``InputError`` without block lengths.
    """
    if not block_lengths:
        raise InputError("give at least one block length to vote over")
    constraint = None if grammar is None else model.compile(grammar)
    source = None if constraint is None else constraint.grammar
    candidates: list[Result] = []
    failure: LatticeworkError | None = None
    for place, length in enumerate(block_lengths):
        own = {**options, "block_length": length, "seed": seed + place * repeats}
        found = model.generate([prompt], constraint, n=repeats, **own)[0]
        candidates += [result for result in found if result.error is None]
        failure = failure or next((result.error for result in found if result.error is not None), None)
    if not candidates:
        assert failure is not None
        raise failure
    is_json = source is not None and source.kind == "json_schema"
    winner, share = _elected([_canonical(result.text) if is_json else result.text for result in candidates], candidates)
    if fieldwise and is_json and source is not None and constraint is not None:
        together, shares = _by_field(candidates)
        if together is not None and constraint.accepts(together):
            return Vote(together, source.parse(together), min(shares.values()), shares, tuple(candidates))
    return Vote(winner.text, winner.value, share, {"": share}, tuple(candidates))


def _elected(ballots: Sequence[str], candidates: Sequence[Result]) -> tuple[Result, float]:
    """The surest candidate of the most frequent ballot, and the ballot's share."""
    counts = Counter(ballots)
    best = max(
        range(len(ballots)), key=lambda place: (counts[ballots[place]], candidates[place].confidence.get("", 0.0))
    )
    return candidates[best], counts[ballots[best]] / len(ballots)


def _canonical(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False)


def _by_field(candidates: Sequence[Result]) -> tuple[str | None, dict[str, float]]:
    """The document of the elected properties, in the key order of the first candidate that has each."""
    values = [json.loads(result.text) for result in candidates]
    if not values or not all(isinstance(value, dict) and value for value in values):
        return None, {}
    keys = list(dict.fromkeys(key for value in values for key in value))
    document: dict[str, Any] = {}
    shares: dict[str, float] = {}
    for key in keys:
        ballots = [json.dumps(value[key], sort_keys=True) if key in value else "" for value in values]
        [(elected, count)] = Counter(ballots).most_common(1)
        shares["/" + key.replace("~", "~0").replace("/", "~1")] = count / len(ballots)
        if elected:
            document[key] = next(value[key] for value, ballot in zip(values, ballots, strict=True) if ballot == elected)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")), shares
