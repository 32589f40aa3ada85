"""From what a user gives to rows of the denoising loop: prompts checked and encoded, canvases laid out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from latticework.diffusion.canonical import Segmentation
from latticework.diffusion.records import Request
from latticework.errors import InputError
from latticework.models.base import confidence_temperature, default_horizon, prompt_text, traits_of
from latticework.models.holes import Form, lay_out
from latticework.models.typed_holes import has_types, typed_constraint
from latticework.scaffold.choice import chosen

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint
    from latticework.diffusion.weighting import Source
    from latticework.grammar.grammar import Grammar
    from latticework.lattice.chart.constraint import ContextFreeConstraint
    from latticework.lattice.chart.marked import MarkedConstraint
    from latticework.models.base import DiffusionModel
    from latticework.models.wishes import Wishes
    from latticework.scaffold.constraint import ElasticConstraint

MAX_PROMPT_BYTES = 1 << 20  # UTF-8 bytes of one prompt; far above any model's positions, so that mistakes fail early
FREE_TEXT_SLOTS = 128  # canvas of a row without a grammar, unless max_tokens says otherwise
MIN_SLACK = 96  # slots of the default canvas beyond the shortest document; measured, see docs/scaffolds.md
MIN_CHART_SLACK = 64  # the same under a context-free grammar, where the cost of a canvas grows faster than its length
GROWTH = 3  # times the slots of such a canvas, to which it may grow while denoising


@dataclass(frozen=True, slots=True)
class PreparedRow:
    """A prompt that passed all checks.

    Attributes:
        request: what goes into the loop.
        grammar, constraint: of the whole text, if there is one.
        form: of a canvas with holes.
        typed: what the canvas has to satisfy where its holes have rules or grammars of their own.
        segmentation: how the model's tokenizer cuts texts.
        prompt: what the model reads before the canvas, as text.
        temperature: of the model's confidences in values, see ``calibrated``.
    """

    request: Request
    grammar: Grammar | None
    constraint: AnyConstraint | None
    form: Form | None = None
    typed: MarkedConstraint | None = None
    segmentation: Segmentation | None = None
    prompt: str = ""
    temperature: float = 1.0


class Rows:
    """Makes the rows of one call, which are told apart by what they are made of and, where equal, by their order."""

    def __init__(
        self,
        backend: DiffusionModel,
        compile: Callable[[Any], AnyConstraint],
        seed: int,
        segmentation: Segmentation | None = None,
    ) -> None:
        self._backend = backend
        self._compile = compile
        self._seed = seed
        self._segmentation = segmentation or Segmentation(backend.vocabulary, backend.encode_text)
        traits = traits_of(backend)
        self._aligned = traits.attention == "block_causal"
        self._rated = traits.block if traits.attention == "encoder_decoder" else None
        self._seen: Counter[bytes] = Counter()

    def blank(self, prompt: str, grammar: Any, wishes: Wishes) -> PreparedRow:
        """A row whose canvas is all free, or has a scaffold. Raises what :meth:`Model.generate` raises."""
        _check_prompt(prompt)
        if not prompt.strip():
            raise InputError("the prompt is empty")
        constraint = None if grammar is None else self._compile(grammar)
        ids = self._prompt_ids(prompt, constraint if wishes.schema_in_prompt else None)
        slots = self._slots(len(ids), constraint, wishes.max_tokens)
        source = None if constraint is None else constraint.grammar
        kind = chosen(wishes.scaffold, source, self._backend.vocabulary)
        request = None
        if kind == "elastic" and source is not None:
            request = self._elastic(ids, source, wishes.max_tokens)
        if request is None:
            entropy = self._entropy([slots, *ids], constraint)
            request = Request.blank(tuple(ids), slots, constraint, entropy, aligned=self._aligned, seen=self._rated)
            most = wishes.max_tokens or self._most(len(ids), slots, constraint)
            request = replace(request, fixes_forced=kind != "none", most=most)
        preferences = wishes.preferences
        if preferences.horizon is None:
            preferences = replace(preferences, horizon=default_horizon(self._backend, request.elastic))
        request = replace(
            request,
            preferences=preferences,
            source=self._source(prompt, source) if preferences.copy_bias else None,
            segmentation=self._segmentation if wishes.canonical else None,
        )
        return self._prepared(request, source, constraint)

    def _prepared(
        self,
        request: Request,
        grammar: Grammar | None,
        constraint: AnyConstraint | None,
        form: Form | None = None,
        typed: MarkedConstraint | None = None,
    ) -> PreparedRow:
        prompt = prompt_text(self._backend, request.prompt)
        temperature = confidence_temperature(self._backend, request.grows is not None)
        return PreparedRow(request, grammar, constraint, form, typed, self._segmentation, prompt, temperature)

    def _source(self, prompt: str, grammar: Grammar | None) -> Source:
        from latticework.models.sources import source_of

        return source_of(prompt, grammar, self._backend.vocabulary, self._backend.encode_text)

    def _elastic(self, ids: list[int], source: Grammar, max_tokens: int | None) -> Request | None:
        """The request of a canvas with an elastic scaffold; ``None`` where the grammar has none that fits."""
        from latticework.scaffold.canvas import scaffold_of

        positions = self._backend.max_positions
        limit = max_tokens if positions is None else min(max_tokens or positions, positions - len(ids))
        found = scaffold_of(source, self._backend.vocabulary, self._backend.encode_text, limit)
        if found is None:
            return None
        words = [len(found.tokens), *ids, *found.tokens.tolist(), *found.free.tolist()]
        return Request(
            tuple(ids),
            found.tokens,
            found.free,
            found.constraint,
            self._entropy(words, found.constraint),
            tail=False,
            elastic=True,
            aligned=self._aligned,
            seen=self._rated,
            grows=found.grows,
            most=max_tokens or min(2 * len(found.tokens), limit or 2 * len(found.tokens)),
        )

    def with_holes(self, parts: object, grammar: Any, prompt: str) -> PreparedRow:
        """A row whose canvas is a text with holes. Raises what :meth:`Model.infill` raises."""
        form = lay_out(parts, self._backend.encode_text, self._backend.vocabulary)
        _check_prompt(prompt)
        constraint = None if grammar is None else self._context_free(grammar)
        typed = self._typed(form, grammar) if has_types(form) else None
        ids = self._prompt_ids(prompt, constraint)
        slots, limit = len(form.tokens), self._backend.max_positions
        if limit is not None and len(ids) + slots > limit:
            text = int((~form.free).sum())
            raise InputError(
                f"the text has {text} tokens, its holes {slots - text} and the prompt {len(ids)}: "
                f"more than the {limit} positions of {self._backend.name}"
            )
        asked = constraint if typed is None else typed
        entropy = self._entropy([slots, *ids, *form.tokens.tolist(), *form.free.tolist()], asked)
        source = None if constraint is None else constraint.grammar
        request = Request(
            tuple(ids),
            form.tokens,
            form.free,
            asked,
            entropy,
            tail=False,
            elastic=True,
            aligned=self._aligned,
            seen=self._rated,
        )
        return self._prepared(request, source, constraint, form, typed)

    def _typed(self, form: Form, grammar: Any) -> MarkedConstraint:
        """The constraint of a form with holes of rules and grammars."""
        whole = None
        if grammar is not None:
            whole = self._compile(grammar).grammar
            if whole is None:
                raise InputError("the constraint does not know the grammar it was made of; give the grammar")
        return typed_constraint(form, whole, self._backend.vocabulary)

    def _context_free(self, grammar: Any) -> ContextFreeConstraint:
        """The constraint with holes of any length; a regular language becomes a lexeme of a context-free one."""
        from latticework.grammar import ir
        from latticework.lattice.chart.constraint import ContextFreeConstraint

        constraint = self._compile(grammar)
        if isinstance(constraint, ContextFreeConstraint):
            return constraint
        source = constraint.grammar
        if source is None:
            raise InputError("the constraint does not know the grammar it was made of; give the grammar")
        source = source.in_few_orders()
        found = self._compile(replace(source, node=ir.NOTHING, context_free=source.as_context_free()))
        assert isinstance(found, ContextFreeConstraint)
        return found

    def _prompt_ids(self, prompt: str, constraint: AnyConstraint | None) -> list[int]:
        schema = None if constraint is None else getattr(constraint.grammar, "schema", None)
        return self._backend.encode_prompt(prompt, schema if isinstance(schema, dict) else None)

    def _slots(self, prompt_tokens: int, constraint: AnyConstraint | None, max_tokens: int | None) -> int:
        limit = self._backend.max_positions
        left = None if limit is None else limit - prompt_tokens
        if left is not None and left < (max_tokens or 1):
            raise InputError(
                f"the prompt has {prompt_tokens} tokens, which leaves {max(left, 0)} of the {limit} positions of "
                f"{self._backend.name} for the answer"
                + (f"; max_tokens={max_tokens} does not fit" if max_tokens else "")
            )
        if max_tokens is not None:
            return max_tokens
        slots = FREE_TEXT_SLOTS
        if constraint is not None:
            slack = MIN_SLACK if _is_regular(constraint) else MIN_CHART_SLACK
            slots = constraint.min_tokens + max(slack, constraint.min_tokens)
        return slots if left is None else min(slots, left)

    def _most(self, prompt_tokens: int, slots: int, constraint: AnyConstraint | None) -> int:
        """Slots to which a canvas may grow whose length nobody chose."""
        if not _is_regular(constraint):  # free text goes on without end; charts of long canvases take long
            return slots
        limit = self._backend.max_positions
        return GROWTH * slots if limit is None else max(slots, min(GROWTH * slots, limit - prompt_tokens))

    def _entropy(
        self, words: Sequence[int], constraint: AnyConstraint | MarkedConstraint | ElasticConstraint | None
    ) -> tuple[int, ...]:
        """What seeds a row: the seed, what the row is made of, and how often that has been seen in this call."""
        found = blake2b(np.array(words, dtype=np.int64).tobytes(), digest_size=16)
        found.update(b"" if constraint is None else constraint.digest)
        key = found.digest()
        self._seen[key] += 1
        return (self._seed, self._seen[key], *np.frombuffer(key, dtype=np.uint32).tolist())


def _is_regular(constraint: AnyConstraint | None) -> bool:
    from latticework.lattice.arranged.constraint import ArrangedConstraint
    from latticework.lattice.constraint import Constraint

    return isinstance(constraint, Constraint | ArrangedConstraint)


def _check_prompt(prompt: object) -> None:
    if not isinstance(prompt, str):
        raise InputError(f"a prompt must be text, got {type(prompt).__name__}")
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
