"""``python -m latticework.models.embedded.training``: tokenizer, training, export, evaluation."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated

import torch
import typer
from tokenizers import Tokenizer

from latticework.models.embedded.loading import WEIGHTS, load_embedded
from latticework.models.embedded.training.evaluate import evaluate as evaluate_split
from latticework.models.embedded.training.generator import SPLITS, Generator
from latticework.models.embedded.training.pools import load_pools
from latticework.models.embedded.training.tokenize import train_tokenizer
from latticework.models.embedded.training.train import FURTHER, ON_GPU, Plan, Run, train

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
    folder: Folder,
    minutes: float = 90.0,
    threads: int = 1,
    seed: int = 0,
    weights: Weights = WEIGHTS,
    further: Annotated[bool, typer.Option(help="A new run starts from the packaged weights, at low rates.")] = False,
    gpu: Annotated[bool, typer.Option(help="On a GPU, with larger batches of rows of all lengths.")] = False,
    workers: Annotated[int, typer.Option(help="Processes that make batches; 0: the training process.")] = 0,
    tasks: Annotated[float, typer.Option(min=0, max=1, help="Share of extraction tasks among the records.")] = 0.0,
) -> None:
    """Trains, or continues, for MINUTES of training time in all."""
    folder.mkdir(parents=True, exist_ok=True)
    start = weights if further else None
    plan = Plan(folder, minutes, threads=threads, seed=seed, start=start, workers=workers, tasks=tasks)
    plan = replace(plan, **ON_GPU) if gpu else plan
    plan = replace(plan, **FURTHER) if further else plan
    train(plan, Tokenizer.from_file(str(weights / "tokenizer.json")))


@app.command()
def export(
    folder: Folder,
    weights: Weights = WEIGHTS,
    share: Annotated[float, typer.Option(min=0, max=1, help="Of the checkpoint; the rest: what is there.")] = 1.0,
) -> None:
    """Writes the averaged weights of the checkpoint as bfloat16 safetensors.

    With a share below 1, their weighted mean with the weights they replace: what training went on from is kept better
    (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
    """
    run = Run(Plan(folder, minutes=1.0))
    run.resume()
    model = run.averaged()
    if share < 1:
        replaced, _ = load_embedded(weights)
        with torch.no_grad():
            for parameter, before in zip(model.parameters(), replaced.parameters(), strict=True):
                parameter.lerp_(before, 1 - share)
    model.bfloat16()
    model.save_pretrained(weights)
    (weights / "model.safetensors").chmod(0o644)


@app.command()
def evaluate(
    folder: Folder, weights: Weights = WEIGHTS, records: int = 60, threads: int = 1, checkpoint: bool = False
) -> None:
    """Field accuracy on the held-out splits, of the packaged weights or of the averaged weights of the checkpoint."""
    torch.set_num_threads(threads)
    pools = load_pools(folder / "pools.json")
    if checkpoint:
        run = Run(Plan(folder, minutes=1.0))
        run.resume()
        model = run.averaged().eval()
    else:
        model, _ = load_embedded(weights)
    for split in SPLITS:
        score = evaluate_split(model, Tokenizer.from_file(str(weights / "tokenizer.json")), pools, split, records)
        typer.echo(f"{split:10} {score}")


if __name__ == "__main__":
    app()
