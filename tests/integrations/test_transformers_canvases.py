"""Documents through DiffusionGemma's own ``generate``: true architecture, random weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from documents import KINDS, compiled
from tiny_gemma import EOS, FIRST, PAD, TOKENS, prompt, tiny_gemma, vocabulary
from transformers import LogitsProcessorList
from transformers.models.diffusion_gemma import generation_diffusion_gemma as stock

from latticework.errors import Infeasible, InputError
from latticework.integrations.transformers import LatticeworkLogitsProcessor

CANVAS = 12


@pytest.fixture(scope="module")
def model() -> Any:
    return tiny_gemma(canvas=CANVAS, sharp=4.0)


def generate(model: Any, ids: torch.Tensor, constraint: Any, budget: int, **options: Any) -> tuple[list[str], Any]:
    processor = LatticeworkLogitsProcessor(
        constraint, prompt_length=ids.shape[1], max_new_tokens=budget, canvas_length=model.config.canvas_length
    )
    options = {"max_denoising_steps": 3, **options}
    output = model.generate(ids, max_new_tokens=budget, logits_processor=LogitsProcessorList([processor]), **options)
    return processor.texts(output), output


@pytest.mark.parametrize("canvases", [1, 2, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_documents_are_valid(model: Any, kind: str, canvases: int) -> None:
    torch.manual_seed(canvases)
    constraint = compiled(kind, vocabulary())
    budget = CANVAS * canvases
    if constraint.min_tokens > budget:
        with pytest.raises(Infeasible, match="row 0: the shortest document needs"):
            generate(model, prompt(), constraint, budget)
        return
    texts, output = generate(model, prompt(3), constraint, budget)
    assert output.sequences.shape[0] == 3
    for text in texts:
        assert KINDS[kind].is_valid(text)


def test_rows_with_grammars_of_their_own(model: Any) -> None:
    torch.manual_seed(0)
    names = [*KINDS, None]
    constraints = [name and compiled(name, vocabulary()) for name in names]
    texts, output = generate(model, prompt(len(names)), constraints, 5 * CANVAS)
    assert len(texts) == len(names)
    for name, text in zip(names, texts, strict=True):
        assert name is None or KINDS[name].is_valid(text)
    new = output.sequences[:, 5:]
    for row in new[:-1]:
        ends = np.flatnonzero(np.isin(row.numpy(), [EOS, PAD]))
        assert not len(ends) or (row[ends[0] + 1 :] == PAD).all()


def test_a_budget_that_is_no_multiple_of_the_canvas_is_kept(model: Any) -> None:
    torch.manual_seed(0)
    constraint = compiled("flat", vocabulary())
    budget = 2 * CANVAS + 5
    _, output = generate(model, prompt(4), constraint, budget)
    assert torch.isin(output.sequences[:, 5 + budget :], torch.tensor([PAD, EOS])).all()


def test_documents_cross_borders_inside_characters_and_escapes() -> None:
    """Canvases of three bytes: most borders lie inside a character or an escape."""
    short = tiny_gemma(canvas=3)
    torch.manual_seed(0)
    byte_tokens = vocabulary()
    [text], output = generate(short, prompt(), compiled("wide", byte_tokens), 60, max_denoising_steps=2)
    assert KINDS["wide"].is_valid(text)
    canvases = output.sequences[0, 5:].view(-1, 3).tolist()
    inside = 0
    for canvas in canvases:
        try:
            byte_tokens.decode(canvas).decode()
        except UnicodeDecodeError:
            inside += 1
    assert inside >= 5


def test_a_wide_vocabulary() -> None:
    """As many ids as the published model has."""
    wide = tiny_gemma(width=262_144, canvas=8)
    torch.manual_seed(0)
    constraint = compiled("flat", vocabulary(262_144))
    [text], _ = generate(wide, prompt(), constraint, 24, max_denoising_steps=2)
    assert KINDS["flat"].is_valid(text)


class _Recorder:
    """What the sampler decides in every step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.accepted: list[torch.Tensor] = []
        self.entropy: list[torch.Tensor] = []
        accept = stock.EntropyBoundSampler.accept_canvas

        def recording(sampler: Any, current: Any, drawn: Any, logits: torch.Tensor, step: Any) -> Any:
            found = accept(sampler, current, drawn, logits, step)
            self.accepted.append(sampler.accepted_token_mask.clone())
            self.entropy.append(torch.distributions.Categorical(logits=logits).entropy())
            return found

        monkeypatch.setattr(stock.EntropyBoundSampler, "accept_canvas", recording)


@pytest.mark.parametrize("kind", ["bounded", "json"])
def test_the_entropy_rule_is_at_work(model: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots wait until the model is sure of them: neither all nor none are accepted."""
    torch.manual_seed(1)
    seen = _Recorder(monkeypatch)
    generate(model, prompt(), compiled(kind, vocabulary()), 2 * CANVAS, max_denoising_steps=6)
    share = torch.cat(seen.accepted).float().mean()
    assert 0.0 < share < 0.9
    entropies = torch.cat(seen.entropy)
    assert torch.isfinite(entropies).all()
    assert (entropies > 0.5).any()
    assert (entropies < 0.01).any()


@pytest.mark.parametrize("kind", ["flat", "json"])
def test_denoising_stops_when_the_model_is_sure(model: Any, kind: str) -> None:
    """Adaptive stopping: logits that spell a document, however the model was trained to start it, take two steps."""
    constraint = compiled(kind, vocabulary())
    generator = torch.Generator().manual_seed(0)
    session = constraint.session(np.zeros(CANVAS, np.int64), np.ones(CANVAS, bool))
    target = torch.from_numpy(session.best(torch.randn(CANVAS, len(TOKENS), generator=generator)).tokens)
    scores = 60 * torch.nn.functional.one_hot(target, len(TOKENS)).float()
    scores[0] = 60 * torch.nn.functional.one_hot(torch.tensor(FIRST), len(TOKENS)).float()  # a byte no document has
    steps = []

    def fixed(_module: Any, _inputs: Any, logits: torch.Tensor) -> torch.Tensor:
        steps.append(1)
        return scores.expand_as(logits)

    # generate calls the method forward, past hooks of the model itself.
    hook = model.lm_head.register_forward_hook(fixed)
    try:
        [text], _ = generate(model, prompt(), constraint, CANVAS, max_denoising_steps=48)
    finally:
        hook.remove()
    assert KINDS[kind].is_valid(text)
    assert len(steps) == 2


def test_a_row_that_has_ended_does_not_hold_up_the_others(model: Any) -> None:
    """A finished row is certain of its padding, so that its canvases are stable at once."""
    processor = LatticeworkLogitsProcessor(
        [compiled("sums", vocabulary()), compiled("flat", vocabulary())], max_new_tokens=36, canvas_length=CANVAS
    )
    scores = torch.zeros(2, CANVAS, len(TOKENS))
    scores[:, :, EOS] = 30
    ids = prompt(2)
    canvas = processor(ids, scores).argmax(dim=-1)
    assert EOS in canvas[0]
    after = processor(torch.cat([ids, canvas], dim=-1), scores)
    assert (after[0].argmax(dim=-1) == PAD).all()
    assert (torch.distributions.Categorical(logits=after[0]).entropy() == 0).all()


def test_rows_without_a_constraint_are_left_alone() -> None:
    processor = LatticeworkLogitsProcessor([None, compiled("flat", vocabulary())], max_new_tokens=36, canvas_length=12)
    scores = torch.randn(2, 12, len(TOKENS), generator=torch.Generator().manual_seed(0))
    given = scores.clone()
    shaped = processor(prompt(2), scores)
    torch.testing.assert_close(shaped[0], given[0], rtol=0, atol=0)
    torch.testing.assert_close(scores, given, rtol=0, atol=0)
    assert not torch.equal(shaped[1], given[1])


class TestWrongUse:
    constraint = property(lambda self: compiled("flat", vocabulary()))

    def processor(self, **more: Any) -> LatticeworkLogitsProcessor:
        return LatticeworkLogitsProcessor(self.constraint, **({"max_new_tokens": 36, "canvas_length": 12} | more))

    def test_numbers_and_kinds(self) -> None:
        with pytest.raises(InputError, match="max_new_tokens must be at least 1"):
            self.processor(max_new_tokens=0)
        with pytest.raises(TypeError, match="compiled constraint"):
            LatticeworkLogitsProcessor(KINDS["flat"].grammar(), max_new_tokens=36, canvas_length=12)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="empty"):
            LatticeworkLogitsProcessor([], max_new_tokens=36, canvas_length=12)
        with pytest.raises(Infeasible, match="row 1: the shortest document needs") as caught:
            LatticeworkLogitsProcessor([None, self.constraint], max_new_tokens=3, canvas_length=12)
        assert caught.value.needed == self.constraint.min_tokens

    def test_shapes(self) -> None:
        ids = prompt(2)
        with pytest.raises(InputError, match="three dimensions"):
            self.processor()(ids, torch.zeros(2, len(TOKENS)))
        with pytest.raises(InputError, match="canvas_length=12"):
            self.processor()(ids, torch.zeros(2, 11, len(TOKENS)))
        with pytest.raises(InputError, match="size=300"):
            self.processor()(ids, torch.zeros(2, 12, 300))
        with pytest.raises(InputError, match="prompt_length=9"):
            self.processor(prompt_length=9)(ids, torch.zeros(2, 12, len(TOKENS)))
        listed = LatticeworkLogitsProcessor([self.constraint], max_new_tokens=36, canvas_length=12)
        with pytest.raises(InputError, match="1 rows were announced, the batch has 2"):
            listed(ids, torch.zeros(2, 12, len(TOKENS)))

    def test_one_object_for_two_calls(self, model: Any) -> None:
        processor = self.processor()
        options = {"max_new_tokens": 36, "max_denoising_steps": 1, "logits_processor": LogitsProcessorList([processor])}
        model.generate(prompt(), **options)
        with pytest.raises(InputError, match="one call of generate"):
            model.generate(prompt(), **options | {"logits_processor": LogitsProcessorList([processor])})

    def test_other_tokens_than_those_proposed(self) -> None:
        processor = self.processor()
        ids = prompt()
        processor(ids, torch.zeros(1, 12, len(TOKENS)))
        wrong = torch.full((1, 12), FIRST + ord("x"))
        with pytest.raises(InputError, match="not one of those proposed"):
            processor(torch.cat([ids, wrong], dim=-1), torch.zeros(1, 12, len(TOKENS)))

    def test_another_prompt(self) -> None:
        processor = self.processor()
        canvas = processor(prompt(seed=1), torch.zeros(1, 12, len(TOKENS))).argmax(dim=-1)
        with pytest.raises(InputError, match="not those of the call before"):
            processor(torch.cat([prompt(seed=2), canvas], dim=-1), torch.zeros(1, 12, len(TOKENS)))

    def test_fewer_canvases_than_announced(self, model: Any) -> None:
        processor = LatticeworkLogitsProcessor(compiled("wide", vocabulary()), max_new_tokens=120, canvas_length=CANVAS)
        output = model.generate(
            prompt(), max_new_tokens=CANVAS, max_denoising_steps=1, logits_processor=LogitsProcessorList([processor])
        )
        with pytest.raises(InputError, match="fewer canvases"):
            processor.texts(output)
