"""``python -m latticework.models.embedded.training``: tokenizer, training, export, evaluation."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from tokenizers import Tokenizer

from latticework.models.embedded.loading import WEIGHTS
from latticework.models.embedded.training.generator import Generator
from latticework.models.embedded.training.pools import load_pools
from latticework.models.embedded.training.tokenize import train_tokenizer
from latticework.models.embedded.training.train import Plan, Run, train

app = typer.Typer(add_completion=False, no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="Working folder: pools, checkpoint; outside the repository.")]
Weights = Annotated[Path, typer.Option(help="Folder of tokenizer and weights.")]


@app.command()
def tokenizer(folder: Folder, weights: Weights = WEIGHTS, records: int = 40_000, seed: int = 11) -> None:
    """Trains the tokenizer on generated records."""
    generator = Generator(load_pools(folder / "pools.json"), seed=seed)
    weights.mkdir(parents=True, exist_ok=True)
    texts = (record.prompt + record.response for record in islice(generator, records))
    train_tokenizer(texts).save(str(weights / "tokenizer.json"))


@app.command(name="train")
def train_command(
    folder: Folder, minutes: float = 90.0, threads: int = 1, seed: int = 0, weights: Weights = WEIGHTS
) -> None:
    """Trains, or continues, for MINUTES of training time in all."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(folder, minutes, threads=threads, seed=seed)
    train(plan, Tokenizer.from_file(str(weights / "tokenizer.json")))


@app.command()
def export(folder: Folder, weights: Weights = WEIGHTS) -> None:
    """Writes the averaged weights of the checkpoint as bfloat16 safetensors."""
    run = Run(Plan(folder, minutes=1.0))
    run.resume()
    model = run.averaged()
    model.bfloat16()
    model.save_pretrained(weights)
    (weights / "model.safetensors").chmod(0o644)


if __name__ == "__main__":
    app()
