"""The hooks of Dream's ``diffusion_generate``, in a stand-in for it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from documents import KINDS, compiled
from dream_loop import dream_loop
from tiny_gemma import FIRST

from latticework.errors import Infeasible, InputError
from latticework.integrations.transformers import DreamHooks
from latticework.tokens.vocabulary import Vocabulary

EOS, MASK = 0, 1
TOKENS = [b"", b"", b"", *[bytes([byte]) for byte in range(256)], b'{"', b'":', b"the"]
VOCABULARY = Vocabulary(TOKENS, {EOS: "eos", MASK: "mask", 2: "other"})
PROMPT = 4


def scorer(seed: int, ends: float = 0.0) -> Any:
    """Random rows that depend on all tokens; ``ends`` is added to the logit of the end token, the mask's is high."""
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(len(TOKENS), 24, generator=generator)
    place = torch.randn(400, 24, generator=generator)
    out = torch.randn(24, len(TOKENS), generator=generator)

    def score(x: torch.Tensor) -> torch.Tensor:
        hidden = table[x] + place[: x.shape[1]] + table[x].mean(dim=1, keepdim=True)
        logits = torch.tanh(hidden) @ out
        logits[..., EOS] += ends
        logits[..., MASK] += 6
        return logits

    return score


def canvas(rows: int, slots: int) -> torch.Tensor:
    ids = torch.randint(FIRST, FIRST + 256, (rows, PROMPT), generator=torch.Generator().manual_seed(1))
    return torch.cat([ids, torch.full((rows, slots), MASK)], dim=1)


@pytest.mark.parametrize("alg", ["origin", "maskgit_plus", "topk_margin", "entropy"])
@pytest.mark.parametrize("kind", KINDS)
def test_documents_are_valid(kind: str, alg: str) -> None:
    torch.manual_seed(0)
    constraint = compiled(kind, VOCABULARY)
    slots = constraint.min_tokens + 9
    hooks = DreamHooks(constraint, steps=7, mask_id=MASK)
    x = canvas(3, slots)
    found = dream_loop(scorer(0, ends=3.0), x, MASK, hooks, steps=7, alg=alg, temperature=0.7, top_p=0.9)
    assert torch.equal(found[:, :PROMPT], x[:, :PROMPT])
    assert not (found == MASK).any()
    assert all(KINDS[kind].is_valid(text) for text in hooks.texts(found))


def test_rows_with_grammars_of_their_own() -> None:
    """Rows fall out of step with each other, as the tails of some are put off."""
    torch.manual_seed(0)
    names = ["flat", None, "json", "sums"]
    hooks = DreamHooks([name and compiled(name, VOCABULARY) for name in names], steps=12, mask_id=MASK)
    found = dream_loop(scorer(1, ends=6.0), canvas(4, 40), MASK, hooks, steps=12)
    for name, text in zip(names, hooks.texts(found), strict=True):
        assert name is None or KINDS[name].is_valid(text)


def test_end_tokens_wait_for_the_text() -> None:
    """However sure the model is of them; and what stands between masks stays and counts."""
    torch.manual_seed(0)
    constraint = compiled("flat", VOCABULARY)
    x = canvas(1, 40)
    x[0, PROMPT + 5] = FIRST + ord('"')
    seen: list[torch.Tensor] = []

    class Watching(DreamHooks):
        def tokens(self, step: Any, x: torch.Tensor, logits: Any) -> torch.Tensor:
            seen.append(super().tokens(step, x, logits))
            return seen[-1]

    hooks = Watching(constraint, steps=30, mask_id=MASK)
    found = dream_loop(scorer(2, ends=20.0), x, MASK, hooks, steps=30)
    assert found[0, PROMPT + 5] == FIRST + ord('"')
    assert (found == EOS).any()
    for state in seen:
        ends = (state[0] == EOS).nonzero()
        assert not len(ends) or not (state[0, : ends[0, 0]] == MASK).any()
    assert len({int((state == MASK).sum()) for state in seen}) > 5
    assert KINDS["flat"].is_valid(hooks.texts(found)[0])


@pytest.mark.parametrize("kind", ["flat", "json"])
def test_samples_follow_the_seed(kind: str) -> None:
    def run(seed: int) -> torch.Tensor:
        torch.manual_seed(0)
        hooks = DreamHooks(compiled(kind, VOCABULARY), steps=8, mask_id=MASK, temperature=2.0, seed=seed)
        found = dream_loop(scorer(3), canvas(2, 40), MASK, hooks, steps=8)
        assert all(KINDS[kind].is_valid(text) for text in hooks.texts(found))
        return found

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


def test_wrong_use() -> None:
    constraint = compiled("flat", VOCABULARY)
    with pytest.raises(InputError, match="steps"):
        DreamHooks(constraint, steps=0, mask_id=MASK)
    with pytest.raises(InputError, match="temperature"):
        DreamHooks(constraint, steps=1, mask_id=MASK, temperature=-1.0)
    with pytest.raises(InputError, match="no mask token"):
        DreamHooks(constraint, steps=1, mask_id=2).tokens(None, canvas(1, 9), None)
    with pytest.raises(InputError, match="2 rows and 1 constraints"):
        DreamHooks([constraint], steps=1, mask_id=MASK).tokens(None, canvas(2, 40), None)
    with pytest.raises(Infeasible, match="row 0"):
        DreamHooks(constraint, steps=1, mask_id=MASK).tokens(None, canvas(1, 5), None)
    hooks = DreamHooks(constraint, steps=4, mask_id=MASK)
    with pytest.raises(InputError, match="pass both hooks"):
        hooks.logits(0, canvas(1, 40), torch.zeros(1, 44, len(TOKENS)))
    x = hooks.tokens(None, canvas(1, 40), None)
    with pytest.raises(InputError, match="one call"):
        hooks.tokens(None, x, None)
    with pytest.raises(InputError, match="no document"):
        hooks.texts(x)
