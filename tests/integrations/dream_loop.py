"""Stand-in for ``diffusion_generate``: the published rules, as far as the hooks see them, over any scorer.

Rules (Dream's model card and generation code): times fall evenly from 1 to ``eps``; of the m masks a row has on
average, ``int(m (1 - s / t))`` are written in a step from time t to s and all in the last one; which ones is decided by
the probability of the drawn token, the margin of the two likeliest or the entropy of its row, or, with ``origin``, by a
coin for each. The same number is written in every row, whatever masks that row has: the rest of the picks fall on slots
that are not open, where the mask token is put.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def dream_loop(
    score: Callable[[torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    mask: int,
    hooks: Any,
    *,
    steps: int,
    alg: str = "entropy",
    temperature: float = 0.0,
    top_p: float = 1.0,
    eps: float = 1e-3,
) -> torch.Tensor:
    """``x`` [B, L] with masks to fill; ``score`` gives the network's rows, of which row i - 1 is for position i."""
    times = torch.linspace(1, eps, steps + 1)
    x = hooks.tokens(None, x, None)
    for step in range(steps):
        is_mask = x == mask
        rows = score(x)
        rows = torch.cat([rows[:, :1], rows[:, :-1]], dim=1)
        logits = hooks.logits(step, x, rows)
        share = 1 - times[step + 1] / times[step] if step < steps - 1 else torch.tensor(1.0)
        drawn, sure = _draw(logits, temperature, top_p, alg)
        if alg == "origin":
            chosen = is_mask & (torch.rand(x.shape) < share)
            x = torch.where(chosen, drawn, x)
        else:
            count = int(is_mask.sum() / len(x) * share)
            if count:
                picks = sure.masked_fill(~is_mask, -torch.inf).topk(count, dim=1).indices
                put = torch.where(is_mask, drawn, mask)
                x = x.scatter(1, picks, put.gather(1, picks))
        x = hooks.tokens(step, x, logits)
    return x


def _draw(logits: torch.Tensor, temperature: float, top_p: float, alg: str) -> tuple[torch.Tensor, torch.Tensor]:
    values = logits / temperature if temperature > 0 else logits
    if top_p < 1:
        ordered, at = values.sort(dim=-1, descending=True)
        over = ordered.softmax(dim=-1).cumsum(dim=-1) > top_p
        over = torch.cat([torch.zeros_like(over[..., :1]), over[..., :-1]], dim=-1)
        values = values.masked_fill(torch.zeros_like(over).scatter(-1, at, over), torch.finfo(values.dtype).min)
    chances = values.softmax(dim=-1)
    flat = chances.flatten(0, 1)
    drawn = torch.multinomial(flat, 1)[:, 0] if temperature > 0 else flat.argmax(dim=-1)
    drawn = drawn.view(chances.shape[:2])
    if alg == "topk_margin":
        top = chances.topk(2, dim=-1).values
        return drawn, top[..., 0] - top[..., 1]
    if alg == "entropy":
        return drawn, (chances * torch.log(chances + 1e-10)).sum(dim=-1)
    return drawn, chances.gather(-1, drawn[..., None])[..., 0]
