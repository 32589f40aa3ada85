"""The training loop. It plans by wall clock, so that it ends when it should on a shared machine, and resumes."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn

from latticework.models.embedded.modeling import EmbeddedConfig, EmbeddedModel
from latticework.models.embedded.tokenizer import BOS, EOS, FILLER, MASK, PAD
from latticework.models.embedded.training.batches import LENGTHS, Batch, batches
from latticework.models.embedded.training.generator import Generator
from latticework.models.embedded.training.loss import POINTER_WEIGHT, losses
from latticework.models.embedded.training.pools import load_pools
from latticework.models.embedded.training.tokenize import VOCABULARY_SIZE

SHORT = 320  # tokens of a row: short records teach more per token, long ones teach to search


@dataclass(frozen=True)
class Plan:
    """Settings of a run. ``minutes`` counts training time over all resumed parts."""

    folder: Path
    minutes: float
    threads: int = 1
    matrix_rate: float = 0.012  # Muon, hidden matrices
    other_rate: float = 1.5e-3  # AdamW: embedding, norms, pointer
    weight_decay: float = 0.05
    warmup_steps: int = 150
    decay_share: float = 0.8  # the last part of the run, in which the rates fall linearly
    short_share: float = 0.75  # the first part of the run, in which rows have at most SHORT tokens
    average: float = 0.998  # decay of the running average of the weights, per step
    save_every: float = 180.0  # seconds
    log_every: float = 30.0  # seconds
    seed: int = 0
    start: Path | None = None  # folder of weights that a new run starts from; None: random weights


def model_config() -> EmbeddedConfig:
    """3.1 M parameters: 6 MB in bfloat16."""
    return EmbeddedConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=6,
        num_attention_heads=3,
        num_key_value_heads=3,
        head_dim=64,
        max_position_embeddings=1024,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
        mask_token_id=MASK,
        filler_token_id=FILLER,
        use_cache=False,
    )


class Run:
    """A model, its optimisers and how far training has come; all of it goes into the checkpoint."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.step = 0
        self.tokens = 0
        self.seconds = 0.0
        torch.manual_seed(plan.seed)
        # Explicit attention: the backward pass of CPU flash attention costs more than the whole layer otherwise.
        self.model = EmbeddedModel._from_config(model_config(), attn_implementation="eager").train()
        if plan.start is not None:
            trained = EmbeddedModel.from_pretrained(plan.start, dtype=torch.float32)
            self.model.load_state_dict(trained.state_dict())
        hidden: list[nn.Parameter] = []
        other: list[nn.Parameter] = []
        for name, parameter in self.model.named_parameters():
            (hidden if parameter.ndim == 2 and ".layers." in name else other).append(parameter)
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                hidden, lr=plan.matrix_rate, weight_decay=plan.weight_decay, momentum=0.95, adjust_lr_fn="original"
            ),
            torch.optim.AdamW(other, lr=plan.other_rate, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.0),
        ]
        self.parameters = [*hidden, *other]
        self.averages = [parameter.detach().clone() for parameter in self.parameters]

    @property
    def checkpoint(self) -> Path:
        return self.plan.folder / "checkpoint.pt"

    def save(self) -> None:
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "averages": self.averages,
            "progress": (self.step, self.tokens, self.seconds),
        }
        torch.save(state, self.checkpoint.with_suffix(".tmp"))
        os.replace(self.checkpoint.with_suffix(".tmp"), self.checkpoint)

    def resume(self) -> None:
        """Continues from the checkpoint of the folder, if there is one."""
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.averages = state["averages"]
        self.step, self.tokens, self.seconds = state["progress"]

    def averaged(self) -> EmbeddedModel:
        """The model with the running average of its weights; the training weights are replaced."""
        with torch.no_grad():
            for parameter, average in zip(self.parameters, self.averages, strict=True):
                parameter.copy_(average)
        return self.model

    def update(self, batch: Batch) -> tuple[float, float]:
        """One optimiser step; returns both losses."""
        plan = self.plan
        left = 1 - self.seconds / (plan.minutes * 60)
        factor = min(1.0, (self.step + 1) / plan.warmup_steps, max(left / plan.decay_share, 0.01))
        for optimiser, rate in zip(self.optimisers, (plan.matrix_rate, plan.other_rate), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor
        token_loss, pointer_loss = losses(self.model, batch)
        (token_loss + POINTER_WEIGHT * pointer_loss).backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.tokens += batch.ids.numel()
        weight = 1 - min(self.plan.average, self.step / (self.step + 10))
        with torch.no_grad():
            for average, parameter in zip(self.averages, self.parameters, strict=True):
                average.lerp_(parameter, weight)
        return float(token_loss.detach()), float(pointer_loss.detach())


def train(plan: Plan, tokenizer: Tokenizer) -> None:
    """Trains until ``plan.minutes`` are used up; interrupt at will, start again with the same folder."""
    torch.set_num_threads(plan.threads)
    torch._dynamo.config.recompile_limit = 4 * len(LENGTHS)
    run = Run(plan)
    run.resume()
    for layer in run.model.model.layers:
        layer.compile(dynamic=False)
    generator = Generator(load_pools(plan.folder / "pools.json"), seed=plan.seed + run.step)
    streams = [batches(generator, tokenizer, plan.seed + run.step, longest) for longest in (SHORT, LENGTHS[-1])]
    logged = saved = last = time.monotonic()
    sums, count, tokens = [0.0, 0.0], 0, run.tokens
    while run.seconds < plan.minutes * 60:
        token_loss, pointer_loss = run.update(next(streams[run.seconds > plan.short_share * plan.minutes * 60]))
        now = time.monotonic()
        run.seconds += now - last
        last = now
        sums, count = [sums[0] + token_loss, sums[1] + pointer_loss], count + 1
        if now - logged >= plan.log_every:
            rate = (run.tokens - tokens) / (now - logged)
            print(
                f"{run.seconds / 60:6.1f} min  step {run.step:6d}  {run.tokens / 1e6:6.2f} M tokens  {rate:6.0f}/s"
                f"  loss {sums[0] / count:.3f}  pointer {sums[1] / count:.3f}",
                file=sys.stderr,
                flush=True,
            )
            logged, sums, count, tokens = now, [0.0, 0.0], 0, run.tokens
        if now - saved >= plan.save_every:
            run.save()
            saved = now
    run.save()
