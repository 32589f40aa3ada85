"""Drafts, shadows, guidance and lengths: what the loop does for policies that ask for more than a commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from fake_session import EOS, MASK, VOCABULARY, BruteConstraint
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import TinyModel

import latticework as lw
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policies import DAEDAL, RCR, WINO, FreeDave, LowConfidence, Policy, Resize, RhoEOS, Threshold
from latticework.diffusion.records import Request

PATTERNS = ["a(,a)*", "(ab|b)+,?a", "a{2,6}", "(a|b){3}(,b)*"]


def real(pattern: str):
    return lw.compile(lw.regex(pattern), VOCABULARY)


@given(
    pattern=st.sampled_from([*PATTERNS, None]),
    slots=st.integers(4, 10),
    seed=st.integers(0, 10_000),
    steps=st.sampled_from([None, 3]),
    block=st.sampled_from([None, 3]),
)
@settings(max_examples=40, deadline=None)
def test_drafts_change_nothing_but_the_number_of_forwards(pattern, slots, seed, steps, block):
    request = Request.blank((3, 4), slots, real(pattern) if pattern else None)
    plain_steps, free_steps = [], []
    [plain] = denoise(
        TinyModel(seed), [request], Options(policy=LowConfidence(steps), block_length=block), plain_steps.append
    )
    model = TinyModel(seed)
    [free] = denoise(model, [request], Options(policy=FreeDave(steps), block_length=block), free_steps.append)
    assert free.tokens.tolist() == plain.tokens.tolist()
    assert np.allclose(free.log_prob, plain.log_prob)
    assert free.forwards == len(model.batches) <= plain.forwards
    assert [s.committed.tolist() for s in free_steps] == [s.committed.tolist() for s in plain_steps]


def test_drafts_come_true_where_scores_do_not_move():
    class Unmoved(TinyModel):
        def forward(self, ids, attention, keep):
            return super().forward(torch.full_like(ids, 3), attention, keep)

    request = Request.blank((3,), 10, real("(a|,){10}"))
    [outcome] = denoise(Unmoved(1), [request], Options(policy=FreeDave(drafts=4)))
    assert outcome.forwards == 3, "one commit, then five at a time: the canvas itself and four drafts"
    assert outcome.evaluations > outcome.forwards


class Recorded(TinyModel):
    """Keeps what it was shown."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self.seen: list[torch.Tensor] = []

    def forward(self, ids, attention, keep):
        self.seen.append(ids.clone())
        return super().forward(ids, attention, keep)


def test_shadows_mask_written_slots_only_and_score_the_token_left_out():
    found: list[tuple[list[int], list[float]]] = []

    @dataclass(frozen=True, slots=True)
    class Watching(WINO):
        def start(self, canvas):
            rule = WINO.start(self, canvas)
            inner = rule.retract

            def retract(view, written):
                found.append((written.slots.tolist(), written.verified.tolist()))
                return inner(view, written)

            rule.retract = retract
            return rule

    model = Recorded(5)
    policy = Watching(accept=0.99, verify=0.0, canvases=8, scores="model")
    request = Request.blank((3, 4), 5, real("(a|b|,){5}"))
    denoise(model, [request], Options(policy=policy))
    second = model.seen[1]
    assert len(second) == 2, "the canvas and one shadow for the one slot written"
    [written] = np.flatnonzero((second[0, 2:] != MASK).numpy()).tolist()
    assert (second[1, 2:] == MASK).all()
    logits = TinyModel.forward(model, second[1:], torch.ones_like(second[1:], dtype=torch.bool), 5)[0]
    expected = float(logits[written].softmax(-1)[second[0, 2 + written]])
    slots, verified = found[1]
    assert verified[slots.index(written)] == np.float64(expected) or abs(verified[0] - expected) < 1e-6


@given(seed=st.integers(0, 300), weight=st.sampled_from([0.5, 2.0]))
@settings(max_examples=15, deadline=None)
def test_guidance_mixes_the_logits_of_a_masked_prompt(seed, weight):
    model = Recorded(seed)
    request = Request.blank((5, 6), 3, real("(a|b|,){3}"))
    [guided] = denoise(model, [request], Options(policy=Threshold(0.0), guidance=weight))
    assert guided.evaluations == 2 * guided.forwards
    shown = model.seen[0]
    assert shown.tolist() == [[5, 6, MASK, MASK, MASK], [MASK] * 5]
    logits = TinyModel.forward(model, shown, torch.ones_like(shown, dtype=torch.bool), 3)
    mixed = logits[1] + (weight + 1) * (logits[0] - logits[1])
    best = real("(a|b|,){3}").session(np.zeros(3, np.int64), np.ones(3, bool)).best(mixed)
    assert guided.tokens.tolist() == best.tokens.tolist()


def test_rcr_writes_a_valid_canvas_at_every_step():
    steps = []
    pattern = "(a|b){2}(,(a|b)){3}"
    denoise(TinyModel(2), [Request.blank((3,), 8, real(pattern))], Options(policy=RCR(4)), steps.append)
    assert any(len(step.retracted) for step in steps)
    for step in steps:
        if step.forwards:
            assert BruteConstraint(pattern).holds(step.tokens), "what is free holds what was written there"


@dataclass(frozen=True, slots=True)
class Stretch(Policy):
    """Commits the first slot, then asks for other lengths in turn."""

    changes: tuple[Resize, ...] = ()
    revises: ClassVar[bool] = True

    def select(self, view):
        return view.slots == view.slots[0]

    def resize(self, view):
        done = int((~view.whole.free).sum())
        return self.changes[done] if done < len(self.changes) else None

    def first_slots(self, slots, needed):
        return min(slots, 4)


def run(pattern, slots, changes, seed=0):
    steps = []
    [outcome] = denoise(
        TinyModel(seed), [Request.blank((3,), slots, real(pattern))], Options(policy=Stretch(changes)), steps.append
    )
    assert outcome.error is None
    assert BruteConstraint(pattern).holds(outcome.tokens)
    return outcome, steps


def test_a_canvas_grows_and_shrinks_and_keeps_what_is_written():
    outcome, steps = run("[ab]*", 20, (Resize(3), Resize(2, 1), Resize(-4)))
    assert [len(step.tokens) for step in steps][:4] == [4, 7, 9, 5]
    assert len(outcome.tokens) == outcome.free_slots == len(outcome.log_prob)
    assert steps[1].tokens[0] == steps[-1].tokens[0]


def test_a_length_without_a_document_is_not_taken():
    outcome, steps = run("(aa){2}", 20, (Resize(-2), Resize(-3)), seed=4)
    assert {len(step.tokens) for step in steps} == {4}
    assert outcome.tokens.tolist() == [3, 3, 3, 3]


def test_a_canvas_never_grows_beyond_the_slots_asked_for():
    outcome, _ = run("[ab]*", 6, (Resize(100),))
    assert len(outcome.tokens) == 6


def test_written_slots_are_never_cut_off():
    outcome, _ = run("[ab]*", 4, (Resize(1), Resize(1), Resize(-100)))
    assert len(outcome.tokens) >= 3


class Talkative(TinyModel):
    """Wants an end only in the last slot."""

    def forward(self, ids, attention, keep):
        logits = super().forward(ids, attention, keep)
        logits[..., EOS] -= 30.0
        logits[:, -1, EOS] += 60.0
        return logits


def test_rho_eos_and_daedal_make_room_for_long_texts():
    for policy in (RhoEOS(start_slots=8), DAEDAL(start_slots=8, growth=4, end_window=2)):
        [outcome] = denoise(Talkative(1), [Request.blank((3,), 24, real("[ab]*"))], Options(policy=policy))
        assert 8 < len(outcome.tokens) <= 24
        assert BruteConstraint("[ab]*").accepts(VOCABULARY.decode(outcome.tokens[: outcome.body]))


class Unsized:
    """A constraint whose fewest tokens take too much to find, as those of a context-free grammar may."""

    def __init__(self, pattern: str) -> None:
        self._inner = real(pattern)

    @property
    def min_tokens(self) -> int:
        raise lw.LimitExceeded("max_chart_rounds", 1)

    def session(self, *arguments, **options):
        return self._inner.session(*arguments, **options)


def test_the_fewest_tokens_are_asked_for_only_where_a_policy_starts_short():
    request = Request.blank((3,), 6, Unsized("a{2,6}"))  # pyright: ignore[reportArgumentType]
    [plain] = denoise(TinyModel(1), [request], Options(policy=Threshold()))
    assert plain.error is None
    assert BruteConstraint("a{2,6}").holds(plain.tokens)
    [short] = denoise(TinyModel(1), [request], Options(policy=Stretch()))
    assert isinstance(short.error, lw.LimitExceeded)
