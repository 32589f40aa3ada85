"""The user's handle on a model: prompts and grammars in, checked results out."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast, overload

from latticework.diffusion.canonical import Segmentation
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import Policy, choose_policy
from latticework.diffusion.records import Step
from latticework.diffusion.weighting import Preferences
from latticework.errors import InputError, LatticeworkError
from latticework.models.base import DiffusionModel, confidence_temperature, default_adaptive_blocks
from latticework.models.batches import (
    AnyResult,
    arranged,
    candidate_seeds,
    each,
    hook_of,
    new_traces,
    only,
    pair,
    traced,
)
from latticework.models.helping import Helping, started
from latticework.models.holes import Part
from latticework.models.options import GenerateOptions, InfillOptions
from latticework.models.outcomes import result_of
from latticework.models.result import InfillResult, Result
from latticework.models.rows import PreparedRow, Rows
from latticework.models.streaming import Streaming
from latticework.models.wishes import Wishes
from latticework.scaffold.choice import checked

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint
    from latticework.diffusion.caches import Strategy
    from latticework.diffusion.options import Overlap
    from latticework.grammar.grammar import Grammar
    from latticework.models.autoregressive import AutoregressiveModel
    from latticework.scaffold.choice import ScaffoldName
    from latticework.tokens.vocabulary import Vocabulary


class Model(Streaming):
    """A diffusion language model and its tokenizer. Calls hold no state: a model may be shared between threads."""

    def __init__(self, backend: DiffusionModel) -> None:
        self.backend = backend
        self._segmentation = Segmentation(backend.vocabulary, backend.encode_text)

    @property
    def name(self) -> str:
        return self.backend.name

    @property
    def vocabulary(self) -> Vocabulary:
        return self.backend.vocabulary

    @property
    def confidence_temperature(self) -> float:
        """What ``Result.confidence`` is calibrated with on canvases without an elastic scaffold; 1 for nothing."""
        return confidence_temperature(self.backend)

    def compile(self, grammar: Any) -> AnyConstraint:
        """The constraint of a grammar (or of anything ``json_schema`` takes) over this model's vocabulary."""
        from latticework.compiler import compile
        from latticework.lattice.arranged.constraint import ArrangedConstraint
        from latticework.lattice.chart.constraint import ContextFreeConstraint
        from latticework.lattice.constraint import Constraint

        if isinstance(grammar, Constraint | ArrangedConstraint | ContextFreeConstraint):
            if grammar.vocabulary != self.vocabulary:
                raise InputError(f"the constraint was compiled for another vocabulary than that of {self.name}")
            return grammar
        return compile(as_grammar(grammar), self.vocabulary)

    @overload
    def generate(
        self, prompt: str, grammar: Any = None, *, n: None = None, **options: Unpack[GenerateOptions]
    ) -> Result: ...
    @overload
    def generate(
        self, prompt: str, grammar: Any = None, *, n: int, **options: Unpack[GenerateOptions]
    ) -> list[Result]: ...
    @overload
    def generate(
        self,
        prompt: list[str] | tuple[str, ...],
        grammar: Any = None,
        *,
        n: None = None,
        **options: Unpack[GenerateOptions],
    ) -> list[Result]: ...
    @overload
    def generate(
        self, prompt: list[str] | tuple[str, ...], grammar: Any = None, *, n: int, **options: Unpack[GenerateOptions]
    ) -> list[list[Result]]: ...

    def generate(
        self,
        prompt: str | list[str] | tuple[str, ...],
        grammar: Any = None,
        *,
        n: int | None = None,
        max_tokens: int | None = None,
        scaffold: ScaffoldName = "auto",
        stop: str | Sequence[str] | None = None,
        stop_token_ids: Sequence[int] | None = None,
        copy_bias: float = 0.0,
        length_bonus: float = 0.0,
        null_bias: float = 0.0,
        horizon: int | None = None,
        adaptive_blocks: float | None = None,
        start: str | Sequence[str | None] | AutoregressiveModel | None = None,
        start_trust: float = 0.5,
        canonical: bool = False,
        schema_in_prompt: bool = True,
        temperature: float = 0.0,
        seed: int | None = None,
        policy: str | Policy | None = None,
        threshold: float | None = None,
        steps: int | None = None,
        gamma: float | None = None,
        policy_options: Mapping[str, Any] | None = None,
        guidance: float = 0.0,
        block_length: int | None = None,
        cache: str | Strategy | None = None,
        cache_options: Mapping[str, Any] | None = None,
        guide: str | Path | AutoregressiveModel | None = None,
        batch_size: int = 8,
        overlap: Overlap = None,
        on_step: Callable[[Step], None] | None = None,
        trace: bool = False,
    ) -> Result | list[Result] | list[list[Result]]:
        """Generate a text of ``grammar`` for each prompt.

        Args:
            prompt: one text, or a list of them for a batch.
            grammar: a ``Grammar``, a compiled ``Constraint``, anything ``json_schema`` takes (pydantic class, dict,
                ...), or ``None`` for plain text; with a list of prompts also a list with one of these per prompt.
            n: candidates for each prompt; 2 and more are samples and need a temperature above 0. Candidate k has the
                seed ``seed + k``.
            max_tokens: slots of the canvas. By default twice the fewest tokens a document needs, at least
                ``MIN_SLACK`` more than that, and never more than the model has positions left; it grows where the text
                fills it. ``FREE_TEXT_SLOTS`` without a grammar.
            scaffold: how the fixed text of a schema (keys, punctuation) comes into the canvas. ``"soft"``: the lattice
                writes it where it is decided, as values get their lengths; ``"elastic"``: it is there from the start,
                around values with slots to spare, which hold the model's filler where the value is shorter and become
                more where it is longer; ``"none"``: it is not written before the model is asked; ``"auto"``: see
                ``docs/scaffolds.md``. A schema or a canvas that admits no elastic scaffold gets a soft one.
            stop: texts that end a text without a grammar; the one that is complete first is not part of it.
            stop_token_ids: further ids that end a text, beside those of the tokenizer and the configs.
            copy_bias: nats added to tokens that the prompt has, or continues with where part of a value stands; for
                extraction. Tokens of the schema's own text get them, too. See ``docs/scaffolds.md`` for this and the
                next two; none of them changes which texts are possible.
            length_bonus: nats for every token of text, against the preference of the likeliest document for short
                ones.
            null_bias: nats for ``null`` where a value may be null.
            horizon: slots behind the active block whose rows are evidence; slots further behind have to be possible and
                no more. What suits the model when not given; all of them when as many as the canvas has.
            adaptive_blocks: how sure (a probability) the model has to be of the tokens behind a block for the block to
                reach over them; 1: blocks as they are. What suits the model when neither this nor ``block_length`` nor
                ``cache`` is given.
            start: a draft of the text (for a list of prompts, one for each or ``None``), or an autoregressive model
                that writes one: the canvas starts with what the grammar lets stand of it, as far as the model trusts
                it.
            start_trust: least probability that the model must give to a token of the draft in the first forward.
            canonical: only texts cut as the model's tokenizer cuts them; a row for which none is found fails.
            schema_in_prompt: describe the schema to the model where its prompt has a place for that; what it reads is
                ``result.prompt``.
            temperature: 0 for the likeliest document, above 0 for a sample.
            seed: reproduces a sample; drawn and reported when not given. A row's sample depends on the seed and on its
                own prompt, grammar and canvas, not on the other rows; equal rows of a batch get different samples.
            policy: which slots to commit after a forward: ``"threshold"`` (default), another name of
                ``docs/policies.md``, or a ``Policy``.
            threshold, steps, gamma: parameter of the policy they belong to; without ``policy`` they choose it.
            policy_options: more options of a named policy.
            guidance: weight of classifier-free guidance, which takes a second canvas per forward; 0 for none.
            block_length: decode in blocks of this many slots, left to right; what suits the model when not given, the
                whole canvas at once when as long as the canvas.
            cache: keys and values kept between forwards: ``"prefix"``, ``"dual"``, ``"dkv"``, ``"freecache"``,
                ``"window"``, or a ``Strategy`` (``docs/policies.md``). Approximate in networks with full attention:
                what the model says may differ, what is valid never does. Models that cannot be computed in parts
                refuse it.
            cache_options: of a named cache (``refresh``, ``block``, ...); its block is that of the call by default.
            guide: a small autoregressive model (from ``load_autoregressive``, or its name) that commits, beside the
                policy, what it would have written in the same way (``docs/policies.md``).
            batch_size: prompts per forward.
            overlap: compute lattices beside the forward; decided by the device when not given. ``"late"``: all of it,
                for the price that what a step decides is seen by the model one forward later (``docs/models.md``).
            on_step: called after every step of every row (``Step.row`` is the index of the prompt; with candidates
                ``prompt * n + candidate``).
            trace: keep the steps: ``result.trace.to_html("out.html")`` is a page that replays them.

        Returns:
            One ``Result``, or a list of them in the order of the prompts; with ``n`` a list of candidates in place of
            each. In a list a prompt that fails has its ``error`` set and the others are not affected.

        Raises:
            InputError: an option makes no sense; a single prompt is empty, no text, or too long.
            SchemaError, GrammarError, LimitExceeded: the grammar of a single prompt is refused.
            Infeasible: no document of a single prompt's grammar fits the canvas; raised before any forward.
        """
        from latticework.models.stops import cut_at, stop_texts, stopping

        options, seed = self._options(
            choose_policy(policy, threshold=threshold, steps=steps, gamma=gamma, options=policy_options),
            temperature,
            seed,
            guidance,
            block_length,
            batch_size,
            overlap,
            1.0 if adaptive_blocks is None and cache is not None else adaptive_blocks,
        )
        if max_tokens is not None and max_tokens < 1:
            raise InputError(f"max_tokens must be at least 1, got {max_tokens}")
        preferences = Preferences(copy_bias, length_bonus, null_bias, horizon)
        if start is not None and scaffold == "auto":
            scaffold = "soft"  # a draft has no place for the spare slots of an elastic one
        wishes = Wishes(max_tokens, checked(scaffold), preferences, canonical, schema_in_prompt)
        single = isinstance(prompt, str)
        prompts, grammars = pair(prompt, grammar)
        stops = stop_texts(stop, any(own is not None for own in grammars))
        model = stopping(self, stop_token_ids)
        helping = Helping(model.backend, guide)
        options = replace(options, policy=helping.policy(options.policy))
        seeds = candidate_seeds(n, seed, temperature)
        candidates = [Rows(model.backend, model.compile, own or 0, model._segmentation) for own in seeds]
        makers = [
            helping.known(partial(rows.blank, prompt, grammar, wishes), prompt)
            for prompt, grammar in zip(prompts, grammars, strict=True)
            for rows in candidates
        ]
        if start is not None:
            makers = started(makers, prompts, start, start_trust, model.backend, single)
        through = model._through(cache, cache_options, options.block_length)
        results = model._run(makers, Result, seeds * len(prompts), options, through, on_step, trace)
        results = [cut_at(result, stops, self.vocabulary) for result in results]
        return arranged(results, single, n)

    @overload
    def infill(
        self, parts: Sequence[Part], grammar: Any = None, *, prompt: str = "", **options: Unpack[InfillOptions]
    ) -> InfillResult: ...
    @overload
    def infill(
        self,
        parts: Sequence[Sequence[Part]],
        grammar: Any = None,
        *,
        prompt: str | Sequence[str] = "",
        **options: Unpack[InfillOptions],
    ) -> list[InfillResult]: ...

    def infill(
        self,
        parts: Sequence[Part] | Sequence[Sequence[Part]],
        grammar: Any = None,
        *,
        prompt: str | Sequence[str] = "",
        temperature: float = 0.0,
        seed: int | None = None,
        policy: str | Policy | None = None,
        threshold: float | None = None,
        steps: int | None = None,
        gamma: float | None = None,
        policy_options: Mapping[str, Any] | None = None,
        guidance: float = 0.0,
        block_length: int | None = None,
        cache: str | Strategy | None = None,
        cache_options: Mapping[str, Any] | None = None,
        guide: str | Path | AutoregressiveModel | None = None,
        batch_size: int = 8,
        overlap: Overlap = None,
        on_step: Callable[[Step], None] | None = None,
        trace: bool = False,
    ) -> InfillResult | list[InfillResult]:
        """Fill the holes of a text so that the whole of it is a text of ``grammar``.

        Args:
            parts: texts, which stay as they are, and ``Hole(max_tokens)`` between, before or behind them; or a list of
                such lists for a batch. A hole takes any text of up to so many tokens, none included.
            grammar: as in :meth:`generate`: the language of the whole text; with a batch also a list with one for each.
            prompt: text for the model before the canvas; with a batch also a list with one for each.
            temperature, seed, policy, threshold, steps, gamma, policy_options, guidance, block_length, cache,
                cache_options, guide, batch_size, overlap, on_step, trace: as in :meth:`generate`. Without a ``prompt``
                of its own a row's sample depends on its parts.

        Returns:
            One ``InfillResult``, or a list of them in the order of the batch, failed rows with ``error`` set.

        Raises:
            InputError: there is no hole, a part is neither text nor hole, or all of it is too long for the model.
            Infeasible: the holes cannot be filled; names the hole that is too small and what it needs, or the place of
                the fixed text at which no text of the grammar goes on. Raised before any forward.
            SchemaError, GrammarError, LimitExceeded: the grammar is refused, or its limits are hit.
        """
        options, seed = self._options(
            choose_policy(policy, threshold=threshold, steps=steps, gamma=gamma, options=policy_options),
            temperature,
            seed,
            guidance,
            block_length,
            batch_size,
            overlap,
        )
        single = not (isinstance(parts, list | tuple) and parts and isinstance(parts[0], list | tuple))
        forms: Sequence[Any] = [parts] if single else parts
        prompts = each(prompt, len(forms), "prompt", single)
        grammars = each(grammar, len(forms), "grammar", single)
        rows = Rows(self.backend, self.compile, seed or 0, self._segmentation)
        helping = Helping(self.backend, guide)
        options = replace(options, policy=helping.policy(options.policy))
        makers = [
            helping.known(partial(rows.with_holes, form, grammar, prompt), prompt)
            for form, grammar, prompt in zip(forms, grammars, prompts, strict=True)
        ]
        through = self._through(cache, cache_options, options.block_length)
        results = self._run(makers, InfillResult, [seed] * len(forms), options, through, on_step, trace)
        return only(results) if single else results

    def _options(
        self,
        policy: Policy,
        temperature: float,
        seed: int | None,
        guidance: float,
        block_length: int | None,
        batch_size: int,
        overlap: Overlap,
        adaptive_blocks: float | None = 1.0,
    ) -> tuple[Options, int | None]:
        """Options of the loop, and the seed, drawn where a sample needs one."""
        if adaptive_blocks is None:
            adaptive_blocks = default_adaptive_blocks(self.backend) if block_length is None else 1.0
        options = Options(
            policy=policy,
            temperature=temperature,
            block_length=self.backend.block_length if block_length is None else block_length,
            batch_size=batch_size,
            overlap=overlap,
            guidance=guidance,
            adaptive_blocks=adaptive_blocks,
        )
        if seed is None and (temperature > 0 or policy.random):
            seed = secrets.randbits(32)
        if seed is not None and seed < 0:
            raise InputError(f"seed must not be negative, got {seed}")
        return options, seed

    def _through(
        self, cache: str | Strategy | None, options: Mapping[str, Any] | None, block_length: int | None
    ) -> DiffusionModel:
        """The model, or a cache in front of it that lives as long as the call."""
        if cache is None:
            if options:
                raise InputError("cache_options go with a cache: give cache=")
            return self.backend
        from latticework.diffusion.caches import cached

        return cast("DiffusionModel", cached(self.backend, cache, options, block_length))

    def _run(
        self,
        makers: Sequence[Callable[[], PreparedRow]],
        kind: type[AnyResult],
        seeds: Sequence[int | None],
        options: Options,
        through: DiffusionModel,
        on_step: Callable[[Step], None] | None,
        trace: bool,
    ) -> list[AnyResult]:
        """Results of rows, of which each is made here so that one that is refused leaves the others alone."""
        results: list[AnyResult | None] = [None] * len(makers)
        rows: list[PreparedRow] = []
        places: list[int] = []
        for place, make in enumerate(makers):
            try:
                rows.append(make())
                places.append(place)
            except LatticeworkError as error:
                results[place] = kind.failed(error, seeds[place])
        traces = new_traces(self.vocabulary, places) if trace else {}
        hook = hook_of(on_step, traces, places)
        outcomes = denoise(through, [row.request for row in rows], options, hook)
        for place, row, outcome in zip(places, rows, outcomes, strict=True):
            result = result_of(self.vocabulary, row, outcome, kind, seeds[place])
            results[place] = traced(result, traces[place]) if place in traces else result
        return [result for result in results if result is not None]


def as_grammar(source: Any) -> Grammar:
    """``source`` itself when it is a ``Grammar``, else ``json_schema(source)``."""
    from latticework.grammar import Grammar, json_schema

    return source if isinstance(source, Grammar) else json_schema(source)
