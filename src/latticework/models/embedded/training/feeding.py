"""Batches made by several processes: one core makes a few hundred thousand tokens a second, a GPU eats more."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from typing import Any

from latticework.models.embedded.training.batches import Batch

_WAITING = 3  # batches per worker that may wait


def feed(make: Callable[[int], Iterator[Batch]], workers: int) -> Iterator[Batch]:
    """The batches of ``make(0) .. make(workers - 1)`` as they come, each made in a process of its own.

    ``make(0)`` in this process when there are no workers. The processes end with this one.
    """
    if not workers:
        yield from make(0)
        return
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    context = multiprocessing.get_context("fork")  # ``make`` need not be importable
    queue: Any = context.Queue(_WAITING * workers)
    processes = [context.Process(target=_work, args=(make, number, queue), daemon=True) for number in range(workers)]
    for process in processes:
        process.start()
    try:
        while True:
            item = queue.get()
            if isinstance(item, BaseException):
                raise item
            yield Batch.of_arrays(item)
    finally:
        for process in processes:
            process.terminate()


def _work(make: Callable[[int], Iterator[Batch]], number: int, queue: Any) -> None:
    import torch

    torch.set_num_threads(1)
    try:
        for batch in make(number):
            queue.put(batch.arrays())
    except BaseException as error:  # whatever it is, the reader must not wait for ever
        queue.put(error)
