"""The training loop. It plans by wall clock, so that it ends when it should on a shared machine, and resumes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from latticework.models.embedded.modeling import EmbeddedConfig, EmbeddedModel
from latticework.models.embedded.tokenizer import BOS, EOS, FILLER, MASK, PAD
from latticework.models.embedded.training.batches import LENGTHS, TOKENS_PER_BATCH, Batch, batches
from latticework.models.embedded.training.feeding import feed
from latticework.models.embedded.training.generator import Generator
from latticework.models.embedded.training.loss import POINTER_WEIGHT, losses
from latticework.models.embedded.training.pools import load_pools
from latticework.models.embedded.training.task_records import mixed, task_records
from latticework.models.embedded.training.tokenize import VOCABULARY_SIZE

SHORT = 320  # tokens of a row: short records teach more per token, long ones teach to search


@dataclass(frozen=True)
class Plan:
    """Settings of a run. ``minutes`` counts training time over all resumed parts."""

    folder: Path
    minutes: float
    threads: int = 1
    device: str = "cpu"
    workers: int = 0  # processes that make batches; 0: this one
    tokens_per_batch: int = TOKENS_PER_BATCH
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
    tasks: float = 0.0  # share of the records that are extraction tasks of the split "train"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"


# Of a Plan: larger batches take larger steps. Rows of all lengths from the start, padding costs nothing there.
ON_GPU: dict[str, Any] = {
    "device": "cuda",
    "tokens_per_batch": 65_536,
    "matrix_rate": 0.02,
    "other_rate": 2e-3,
    "warmup_steps": 200,
    "short_share": 0.0,
}
# Of a Plan that starts from trained weights: low rates that fall from the start, rows of all lengths.
FURTHER: dict[str, Any] = {
    "matrix_rate": 0.004,
    "other_rate": 4e-4,
    "warmup_steps": 40,
    "decay_share": 1.0,
    "short_share": 0.0,
    "average": 0.995,
}


def model_config() -> EmbeddedConfig:
    """7.0 M parameters: 14 MB in bfloat16."""
    return EmbeddedConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=256,
        intermediate_size=704,
        num_hidden_layers=8,
        num_attention_heads=4,
        num_key_value_heads=4,
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
        trained = None if plan.start is None else EmbeddedModel.from_pretrained(plan.start, dtype=torch.float32)
        # Explicit attention: the backward pass of CPU flash attention costs more than the whole layer otherwise.
        attention = "eager" if plan.device == "cpu" else "sdpa"
        config = model_config() if trained is None else trained.config
        self.model = EmbeddedModel._from_config(config, attn_implementation=attention).train()
        if trained is not None:
            self.model.load_state_dict(trained.state_dict())
        self.model.to(torch.device(plan.device))  # pyright: ignore[reportArgumentType]
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

    def save(self) -> None:
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "averages": self.averages,
            "progress": (self.step, self.tokens, self.seconds),
        }
        torch.save(state, self.plan.checkpoint.with_suffix(".tmp"))
        os.replace(self.plan.checkpoint.with_suffix(".tmp"), self.plan.checkpoint)

    def resume(self) -> None:
        """Continues from the checkpoint of the folder, if there is one."""
        if not self.plan.checkpoint.exists():
            return
        state = torch.load(self.plan.checkpoint, weights_only=True, map_location=self.plan.device)
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

    def update(self, batch: Batch) -> Tensor:
        """One optimiser step; returns both losses, ``[2]`` on the device."""
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
        return torch.stack([token_loss, pointer_loss]).detach()


def steps_done(plan: Plan) -> int:
    """Optimiser steps of the checkpoint; 0 without one."""
    if not plan.checkpoint.exists():
        return 0
    return torch.load(plan.checkpoint, weights_only=True, map_location="cpu")["progress"][0]


def train(plan: Plan, tokenizer: Tokenizer) -> None:
    """Trains until ``plan.minutes`` are used up; interrupt at will, start again with the same folder."""
    torch.set_num_threads(plan.threads)
    seed = plan.seed + steps_done(plan)  # a resumed run sees other records
    streams = [_stream(plan, tokenizer, seed, longest) for longest in (SHORT, LENGTHS[-1])]
    if plan.workers:
        next(streams[plan.short_share == 0])  # the processes must be there before the device is touched
    run = Run(plan)
    run.resume()
    if plan.device == "cpu":
        torch._dynamo.config.recompile_limit = 4 * len(LENGTHS)
        for layer in run.model.model.layers:
            layer.compile(dynamic=False)
    logged = saved = last = time.monotonic()
    sums, count, tokens = torch.zeros(2, device=plan.device), 0, run.tokens
    while run.seconds < plan.minutes * 60:
        batch = next(streams[run.seconds >= plan.short_share * plan.minutes * 60])
        sums += run.update(batch.to(torch.device(plan.device)))
        count += 1
        now = time.monotonic()
        run.seconds += now - last
        last = now
        if now - logged >= plan.log_every:
            rate = (run.tokens - tokens) / (now - logged)
            token_loss, pointer_loss = (sums / count).tolist()
            print(
                f"{run.seconds / 60:6.1f} min  step {run.step:6d}  {run.tokens / 1e6:6.2f} M tokens  {rate:6.0f}/s"
                f"  loss {token_loss:.3f}  pointer {pointer_loss:.3f}",
                file=sys.stderr,
                flush=True,
            )
            logged, count, tokens = now, 0, run.tokens
            sums.zero_()
        if now - saved >= plan.save_every:
            run.save()
            saved = now
    run.save()


def _stream(plan: Plan, tokenizer: Tokenizer, seed: int, longest: int) -> Iterator[Batch]:
    pools = load_pools(plan.folder / "pools.json")

    def make(number: int) -> Iterator[Batch]:
        own = 1000 * seed + number
        records = iter(Generator(pools, seed=own))
        if plan.tasks:
            records = mixed(records, task_records(pools, own), plan.tasks, own)
        return batches(records, tokenizer, own, longest, plan.tokens_per_batch)

    return feed(make, plan.workers)
