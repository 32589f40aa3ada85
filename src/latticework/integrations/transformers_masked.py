"""``custom_generate`` for masked diffusion models in classes of transformers: ``generate`` prepares, this denoises."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import EosTokenCriteria, MaxLengthCriteria, TemperatureLogitsWarper
from transformers.generation.utils import GenerateDecoderOnlyOutput

from latticework.errors import Infeasible, InputError

if TYPE_CHECKING:
    from transformers import GenerationConfig, LogitsProcessorList, PreTrainedModel, StoppingCriteriaList

    from latticework.compiler import AnyConstraint
    from latticework.diffusion.policies import Policy
    from latticework.diffusion.records import Outcome
    from latticework.models.base import DiffusionModel
    from latticework.tokens.vocabulary import Vocabulary


def custom_generate(
    model: PreTrainedModel,
    input_ids: torch.Tensor,
    logits_processor: LogitsProcessorList,
    stopping_criteria: StoppingCriteriaList,
    generation_config: GenerationConfig,
    *,
    constraint: AnyConstraint | Sequence[AnyConstraint | None],
    mask_id: int | None = None,
    logit_offset: int = 0,
    attention_block: int | None = None,
    policy: str | Policy | None = None,
    threshold: float | None = None,
    steps: int | None = None,
    gamma: float | None = None,
    block_length: int | None = None,
    seed: int | None = None,
    **model_kwargs: Any,
) -> torch.Tensor | GenerateDecoderOnlyOutput:
    """Denoise a canvas of ``max_new_tokens`` slots behind every prompt, for ``model.generate(custom_generate=...)``.

    For checkpoints of LLaDA, Dream and other masked models in the Llama and Qwen classes; attention is made
    bidirectional here. Temperature is that of ``do_sample=True`` (with
    ``top_k=0``), else 0. Every row ends as a document of its
    constraint.

    Args:
        constraint: one for all rows, or a list with one for every row, ``None`` for plain masked denoising.
        mask_id: id that stands in open slots; by default that of the model's configuration or of the vocabulary.
        logit_offset: 1 for models whose row i scores the token at position i + 1 (Dream, DiffuCoder).
        attention_block: block of a block-causal model; full attention by default.
        policy, threshold, steps, gamma, block_length, seed: as in :meth:`latticework.models.model.Model.generate`.

    Returns:
        Token ids [B, L], prompts included and padded behind the documents, or an output object that has them if
        ``return_dict_in_generate``.

    Raises:
        Infeasible: no document of a row's constraint fits ``max_new_tokens``; before any forward.
        InputError: there is no mask id, or the call asks for what left-to-right decoding does (beams, top-k, other
            logits processors or stopping criteria).
    """
    from latticework.diffusion.loop import denoise
    from latticework.diffusion.options import Options
    from latticework.diffusion.policies.registry import choose_policy
    from latticework.diffusion.records import Request

    constraints = list(constraint) if isinstance(constraint, Sequence) else [constraint] * len(input_ids)
    if len(constraints) != len(input_ids):
        raise InputError(f"{len(input_ids)} rows and {len(constraints)} constraints; give one, or one for each row")
    vocabulary = _vocabulary(constraints, model)
    _refuse_others(generation_config, logits_processor, stopping_criteria)
    slots = int(generation_config.max_length or 0) - input_ids.shape[1]
    for number, own in enumerate(constraints):
        _check_room(own, slots, number)

    backend = _backend(model, vocabulary, mask_id, logit_offset, attention_block)
    temperature = float(generation_config.temperature or 1.0) if generation_config.do_sample else 0.0
    options = Options(
        policy=choose_policy(policy, threshold=threshold, steps=steps, gamma=gamma),
        temperature=temperature,
        block_length=block_length or attention_block,
        batch_size=len(input_ids),
    )
    start = secrets.randbits(32) if seed is None else seed
    requests = [
        Request.blank(prompt, slots, own, (start, number), aligned=attention_block is not None)
        for number, (prompt, own) in enumerate(
            zip(_prompts(input_ids, model_kwargs.get("attention_mask")), constraints, strict=True)
        )
    ]
    outcomes = denoise(backend, requests, options)
    sequences = _sequences(input_ids, outcomes, generation_config, vocabulary)
    if generation_config.return_dict_in_generate:
        return GenerateDecoderOnlyOutput(sequences=sequences)  # type: ignore[arg-type]
    return sequences


def _vocabulary(constraints: Sequence[AnyConstraint | None], model: PreTrainedModel) -> Vocabulary:
    found = next((own.vocabulary for own in constraints if own is not None), None)
    if found is None:
        raise InputError("no row has a constraint")
    if any(own is not None and own.vocabulary != found for own in constraints):
        raise InputError("the constraints were compiled for different vocabularies")
    width = model.config.get_text_config(decoder=True).vocab_size
    if len(found) != width:
        raise InputError(f"the model scores {width} ids, the vocabulary has {len(found)}: build it with size={width}")
    return found


def _refuse_others(config: GenerationConfig, processors: LogitsProcessorList, criteria: StoppingCriteriaList) -> None:
    """Nothing that was asked for is dropped."""
    if (config.num_beams or 1) > 1:
        raise InputError("num_beams: beams are for left-to-right decoding")
    other = [type(one).__name__ for one in processors if not isinstance(one, TemperatureLogitsWarper)]
    other += [type(one).__name__ for one in criteria if not isinstance(one, MaxLengthCriteria | EosTokenCriteria)]
    if other:
        raise InputError(
            f"not supported in masked denoising: {', '.join(other)}; leave out the options that add them, and with "
            "do_sample=True set top_k=0, as generate adds top_k=50 by itself"
        )


def _check_room(constraint: AnyConstraint | None, slots: int, number: int) -> None:
    if constraint is None:
        return
    try:
        constraint.session(np.zeros(slots, np.int64), np.ones(slots, np.bool_))
    except Infeasible as error:
        raise Infeasible(f"row {number}: {error}", error.needed, error.slots, error.slot) from None


def _backend(
    model: PreTrainedModel, vocabulary: Vocabulary, mask_id: int | None, offset: int, block: int | None
) -> DiffusionModel:
    from latticework.models.base import Traits
    from latticework.models.masked import MaskedModel

    if mask_id is None:
        named = [getattr(model.config, name, None) for name in ("mask_token_id", "mask_id")]
        found = [int(one) for one in named if one is not None] or list(vocabulary.ids("mask"))
        if not found:
            raise InputError("no mask token: give mask_id=, as neither the configuration nor the vocabulary names one")
        mask_id = found[0]
    if vocabulary.bytes(mask_id):
        raise InputError(f"mask_id={mask_id} is a token of text in the vocabulary: give it the role mask there")
    if offset not in (0, 1):
        raise InputError(f"logit_offset must be 0 or 1, got {offset}")
    traits = Traits(logit_offset=1 if offset else 0, attention="full" if block is None else "block_causal", block=block)
    # Prompts come as token ids, so there is nothing to encode.
    nothing: Any = None
    return MaskedModel(type(model).__name__, model, nothing, vocabulary, traits, nothing, mask_id, model.device, block)


def _prompts(input_ids: torch.Tensor, attention_mask: torch.Tensor | None) -> list[tuple[int, ...]]:
    """Prompts without padding."""
    ids = input_ids.cpu().numpy()
    if attention_mask is None:
        return [tuple(row.tolist()) for row in ids]
    seen = attention_mask.cpu().numpy().astype(bool)
    return [tuple(row[own].tolist()) for row, own in zip(ids, seen, strict=True)]


def _sequences(
    input_ids: torch.Tensor, outcomes: Sequence[Outcome], config: GenerationConfig, vocabulary: Vocabulary
) -> torch.Tensor:
    """Prompts and canvases; behind the first end token of a canvas stands the pad of the generation configuration."""
    pad = vocabulary.filler if config.pad_token_id is None else int(config.pad_token_id)
    for number, outcome in enumerate(outcomes):
        if outcome.error is not None:
            outcome.error.add_note(f"row {number} of the batch")
            raise outcome.error
    canvas = np.full((len(outcomes), max(len(outcome.tokens) for outcome in outcomes)), pad, np.int64)
    for row, outcome in zip(canvas, outcomes, strict=True):
        kept = outcome.tokens[: outcome.body + 1]
        row[: len(kept)] = kept
    return torch.cat([input_ids, torch.from_numpy(canvas).to(input_ids)], dim=1)
