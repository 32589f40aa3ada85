"""The user's handle on a model: prompts and grammars in, checked results out."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

import numpy as np

from latticework.diffusion.confidence import value_confidence
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import Policy, choose_policy
from latticework.diffusion.records import Outcome, Request, Step
from latticework.errors import InputError, LatticeworkError
from latticework.models.base import DiffusionModel
from latticework.models.result import Result

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint
    from latticework.grammar.grammar import Grammar
    from latticework.tokens.vocabulary import Vocabulary

MAX_PROMPT_BYTES = 1 << 20  # UTF-8 bytes of one prompt; far above any model's positions, so that mistakes fail early
FREE_TEXT_SLOTS = 128  # canvas of a row without a grammar, unless max_tokens says otherwise
MIN_SLACK = 64  # slots of the default canvas beyond the shortest document


class GenerateOptions(TypedDict, total=False):
    """Keyword arguments of :meth:`Model.generate`, explained there."""

    max_tokens: int | None
    temperature: float
    seed: int | None
    policy: str | Policy | None
    threshold: float | None
    steps: int | None
    gamma: float | None
    block_length: int | None
    batch_size: int
    overlap: bool | None
    on_step: Callable[[Step], None] | None


@dataclass(frozen=True, slots=True)
class _Row:
    """A prompt that passed all checks."""

    request: Request
    grammar: Grammar | None
    constraint: AnyConstraint | None


class Model:
    """A diffusion language model and its tokenizer. Calls hold no state: a model may be shared between threads."""

    def __init__(self, backend: DiffusionModel) -> None:
        self.backend = backend

    @property
    def name(self) -> str:
        return self.backend.name

    @property
    def vocabulary(self) -> Vocabulary:
        return self.backend.vocabulary

    def compile(self, grammar: Any) -> AnyConstraint:
        """The constraint of a grammar (or of anything ``json_schema`` takes) over this model's vocabulary."""
        from latticework.compiler import compile
        from latticework.lattice.chart.constraint import ContextFreeConstraint
        from latticework.lattice.constraint import Constraint

        if isinstance(grammar, Constraint | ContextFreeConstraint):
            if grammar.vocabulary != self.vocabulary:
                raise InputError(f"the constraint was compiled for another vocabulary than that of {self.name}")
            return grammar
        return compile(as_grammar(grammar), self.vocabulary)

    @overload
    def generate(self, prompt: str, grammar: Any = None, **options: Unpack[GenerateOptions]) -> Result: ...
    @overload
    def generate(
        self, prompt: list[str] | tuple[str, ...], grammar: Any = None, **options: Unpack[GenerateOptions]
    ) -> list[Result]: ...

    def generate(
        self,
        prompt: str | list[str] | tuple[str, ...],
        grammar: Any = None,
        *,
        max_tokens: int | None = None,
        temperature: float = 0.0,
        seed: int | None = None,
        policy: str | Policy | None = None,
        threshold: float | None = None,
        steps: int | None = None,
        gamma: float | None = None,
        block_length: int | None = None,
        batch_size: int = 8,
        overlap: bool | None = None,
        on_step: Callable[[Step], None] | None = None,
    ) -> Result | list[Result]:
        """Generate a text of ``grammar`` for each prompt.

        Args:
            prompt: one text, or a list of them for a batch.
            grammar: a ``Grammar``, a compiled ``Constraint``, anything ``json_schema`` takes (pydantic class, dict,
                ...), or ``None`` for plain text; with a list of prompts also a list with one of these per prompt.
            max_tokens: slots of the canvas. By default twice the fewest tokens a document needs, at least
                ``MIN_SLACK`` more than that, and never more than the model has positions left; ``FREE_TEXT_SLOTS``
                without a grammar.
            temperature: 0 for the likeliest document, above 0 for a sample.
            seed: reproduces a sample; drawn and reported when not given. A row's sample depends on the seed and on its
                own prompt, grammar and canvas, not on the other rows; equal rows of a batch get different samples.
            policy: ``"threshold"`` (default), ``"low-confidence"``, ``"entropy-bound"`` or a ``Policy``.
            threshold, steps, gamma: parameter of the policy they belong to; without ``policy`` they choose it.
            block_length: decode in blocks of this many slots, left to right; what suits the model when not given, the
                whole canvas at once when as long as the canvas.
            batch_size: prompts per forward.
            overlap: compute lattices beside the forward; decided by the device when not given.
            on_step: called after every step of every row (``Step.row`` is the index of the prompt).

        Returns:
            One ``Result``, or a list of them in the order of the prompts. In a list a prompt that fails has its
            ``error`` set and the others are not affected.

        Raises:
            InputError: an option makes no sense; a single prompt is empty, no text, or too long.
            SchemaError, GrammarError, LimitExceeded: the grammar of a single prompt is refused.
            Infeasible: no document of a single prompt's grammar fits the canvas; raised before any forward.
        """
        options = Options(
            policy=choose_policy(policy, threshold=threshold, steps=steps, gamma=gamma),
            temperature=temperature,
            block_length=self.backend.block_length if block_length is None else block_length,
            batch_size=batch_size,
            overlap=overlap,
        )
        if max_tokens is not None and max_tokens < 1:
            raise InputError(f"max_tokens must be at least 1, got {max_tokens}")
        if seed is None and temperature > 0:
            seed = secrets.randbits(32)
        if seed is not None and seed < 0:
            raise InputError(f"seed must not be negative, got {seed}")
        single = isinstance(prompt, str)
        prompts, grammars = _pair(prompt, grammar)
        results = self._generate(prompts, grammars, max_tokens, seed, options, on_step)
        if not single:
            return results
        if results[0].error is not None:
            raise results[0].error
        return results[0]

    def _generate(
        self,
        prompts: Sequence[str],
        grammars: Sequence[Any],
        max_tokens: int | None,
        seed: int | None,
        options: Options,
        on_step: Callable[[Step], None] | None,
    ) -> list[Result]:
        results: list[Result | None] = [None] * len(prompts)
        rows: list[_Row] = []
        places: list[int] = []
        seen: Counter[bytes] = Counter()
        for place, (prompt, grammar) in enumerate(zip(prompts, grammars, strict=True)):
            try:
                rows.append(self._row(prompt, grammar, max_tokens, seed or 0, seen))
                places.append(place)
            except LatticeworkError as error:
                results[place] = Result.failed(error, seed)
        hook = None if on_step is None else _renumbered(on_step, places)
        outcomes = denoise(self.backend, [row.request for row in rows], options, hook)
        for place, row, outcome in zip(places, rows, outcomes, strict=True):
            results[place] = self._result(row, outcome, seed)
        return [result for result in results if result is not None]

    def _row(self, prompt: str, grammar: Any, max_tokens: int | None, seed: int, seen: Counter[bytes]) -> _Row:
        _check_prompt(prompt)
        constraint = None if grammar is None else self.compile(grammar)
        source = None if constraint is None else constraint.grammar
        schema = getattr(source, "schema", None)
        ids = self.backend.encode_prompt(prompt, schema if isinstance(schema, dict) else None)
        slots = self._slots(len(ids), constraint, max_tokens)
        key = blake2b(np.array([slots, *ids], dtype=np.int64).tobytes(), digest_size=16)
        key.update(b"" if constraint is None else constraint.digest)
        seen[key.digest()] += 1
        words = np.frombuffer(key.digest(), dtype=np.uint32).tolist()
        entropy = (seed, seen[key.digest()], *words)
        return _Row(Request.blank(tuple(ids), slots, constraint, entropy), source, constraint)

    def _slots(self, prompt_tokens: int, constraint: AnyConstraint | None, max_tokens: int | None) -> int:
        limit = self.backend.max_positions
        left = None if limit is None else limit - prompt_tokens
        if left is not None and left < (max_tokens or 1):
            raise InputError(
                f"the prompt has {prompt_tokens} tokens, which leaves {max(left, 0)} of the {limit} positions of "
                f"{self.name} for the answer" + (f"; max_tokens={max_tokens} does not fit" if max_tokens else "")
            )
        if max_tokens is not None:
            return max_tokens
        slots = FREE_TEXT_SLOTS
        if constraint is not None:
            slots = constraint.min_tokens + max(MIN_SLACK, constraint.min_tokens)
        return slots if left is None else min(slots, left)

    def _result(self, row: _Row, outcome: Outcome, seed: int | None) -> Result:
        if outcome.error is not None:
            return Result.failed(outcome.error, seed)
        tokens = tuple(int(token) for token in outcome.tokens[: outcome.body])
        pieces = [self.vocabulary.bytes(token) for token in tokens]
        text, value, error = self._read(row, b"".join(pieces))
        is_json = row.grammar is not None and row.grammar.kind == "json_schema"
        complete = row.constraint is not None or outcome.ended
        return Result(
            value=value,
            text=text,
            tokens=tokens,
            finish_reason="error" if error else "complete" if complete else "length",
            forwards=outcome.forwards,
            confidence=value_confidence(pieces, outcome.log_prob[: outcome.body], json_document=is_json),
            slots=len(outcome.tokens),
            forced=outcome.forced_slots,
            seed=seed,
            timings=outcome.timings,
            error=error,
        )

    def _read(self, row: _Row, data: bytes) -> tuple[str, Any, LatticeworkError | None]:
        """Text and value; a text outside the constraint is a bug here and never returned."""
        if row.constraint is None:
            text = data.decode("utf-8", errors="replace")
            return text, text, None
        if not row.constraint.accepts(data):
            raise RuntimeError(f"internal error: the generated text is not in the language of its constraint: {data!r}")
        text = data.decode("utf-8")
        if row.grammar is None:
            return text, text, None
        try:
            return text, row.grammar.parse(text), None
        except LatticeworkError as error:
            return text, None, error


def as_grammar(source: Any) -> Grammar:
    """``source`` itself when it is a ``Grammar``, else ``json_schema(source)``."""
    from latticework.grammar import Grammar, json_schema

    return source if isinstance(source, Grammar) else json_schema(source)


def _pair(prompt: object, grammar: Any) -> tuple[Sequence[str], Sequence[Any]]:
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


def _check_prompt(prompt: object) -> None:
    if not isinstance(prompt, str):
        raise InputError(f"a prompt must be text, got {type(prompt).__name__}")
    if not prompt.strip():
        raise InputError("the prompt is empty")
    try:
        size = len(prompt.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise InputError(
            f"the prompt holds a lone surrogate at character {error.start}: not valid Unicode text"
        ) from None
    if "\0" in prompt:
        raise InputError(f"the prompt holds a NUL at character {prompt.index(chr(0))}: binary data, not text")
    if size > MAX_PROMPT_BYTES:
        raise InputError(f"the prompt has {size} bytes; at most {MAX_PROMPT_BYTES} are read")


def _renumbered(on_step: Callable[[Step], None], places: list[int]) -> Callable[[Step], None]:
    """The hook, called with indices of prompts where the loop counts requests."""
    return lambda step: on_step(replace(step, row=places[step.row]))
