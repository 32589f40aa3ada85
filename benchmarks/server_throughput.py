"""The server under 1, 8 and 32 clients, beside the Python API on the same documents.

``python benchmarks/server_throughput.py [--documents 16] [--threads 1] [--fields 3]``. Every document has a schema of
its own: one of the examples' with one property dropped or renamed, so that no two are equal. Each client asks for one
document at a time, over loopback, without streaming; server and clients share the process. Texts must be those of the
Python API, one document at a time, except where rounding in a larger batch decides a tie: those are counted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Thread
from typing import Any

import httpx
import torch
from common import machine, table, write_result
from example_documents import documents

import latticework as lw
from latticework import compiler
from latticework.models.model import Model
from latticework.server.app import create_app
from latticework.server.running import Server
from latticework.server.settings import Settings
from latticework.server.state import State


@contextmanager
def running(model: Model, max_batch: int) -> Iterator[tuple[str, State]]:
    """A server of the model: its address and its state."""
    app = create_app(model, Settings(max_batch=max_batch, max_waiting=64))
    server = Server(app, "127.0.0.1", 0, 5, "error")
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", app.state.latticework
    server.should_exit = True
    thread.join()


def asked(url: str, clients: int, drawn: list[tuple[str, dict[str, Any]]]) -> tuple[list[str], list[float]]:
    """The texts of all documents, and the seconds of each, ascending."""

    def ask(own: tuple[str, dict[str, Any]]) -> tuple[str, float]:
        text, schema = own
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        body = {"model": "embedded", "messages": [{"role": "user", "content": text}], "response_format": form}
        begun = time.perf_counter()
        answer = http.post("/v1/chat/completions", json=body)
        answer.raise_for_status()
        return answer.json()["choices"][0]["message"]["content"], time.perf_counter() - begun

    with httpx.Client(base_url=url, timeout=600) as http, ThreadPoolExecutor(clients) as pool:
        done = list(pool.map(ask, drawn))
        return [text for text, _ in done], sorted(spent for _, spent in done)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=16, help="as many as clients where those are more")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--fields", type=int, help="properties of each schema; all")
    parser.add_argument("--max-batch", type=int, default=8)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--note", default="", help="what else is to be said of the machine")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    model = lw.load("embedded")
    drawn = documents(max(arguments.documents, *arguments.clients), arguments.fields)
    few = drawn[: arguments.documents]
    model.generate([text for text, _ in few[:2]], [schema for _, schema in few[:2]])  # kernels come from their cache
    rows = []
    wanted: list[str] = []
    for size in (1, arguments.max_batch):
        compiler.cache.clear()
        watch = Watch()
        results = model.generate(
            [text for text, _ in few], [schema for _, schema in few], batch_size=size, scaffold="soft"
        )
        watch.stop()
        own = [result.text for result in results]
        wanted = wanted or own
        spent = sum(result.timings.constraint for result in results) / 1e3
        forwards = sum(result.timings.model for result in results) / 1e3
        rows.append(_row(f"Python API, batches of {size}", watch, len(few), "", "", (spent, forwards), own, wanted))
        print(rows[-1], flush=True)
    for clients in arguments.clients:
        load = drawn if clients > len(few) else few
        with running(model, arguments.max_batch) as (url, state):
            watch = Watch()
            own, each = asked(url, clients, load)
            watch.stop()
            samples = {
                (sample.name, sample.labels.get("stage")): sample.value
                for metric in state.metrics.registry.collect()
                for sample in metric.samples
            }
        shared = samples["latticework_forward_rows_sum", None] / samples["latticework_forwards_total", None]
        spent = samples["latticework_stage_seconds_total", "constraint"]
        forwards = samples["latticework_stage_seconds_total", "model"]
        halfway = f"{each[len(each) // 2]:.1f} / {each[int(0.9 * len(each))]:.1f}"
        name = f"server, {clients} client{'s' * (clients > 1)}"
        rows.append(_row(name, watch, len(load), f"{shared:.1f}", halfway, (spent, forwards), own, wanted))
        print(rows[-1], flush=True)
    header = [
        "",
        "documents",
        "documents a s",
        "CPU, s a document",
        "canvases a forward",
        "p50 / p90, s",
        "constraint, ms a document",
        "of model and constraint, %",
        "same text",
    ]
    command = (
        f"python benchmarks/server_throughput.py --documents {arguments.documents} --threads {arguments.threads} "
        f"--max-batch {arguments.max_batch} --clients {' '.join(map(str, arguments.clients))}"
        + (f" --fields {arguments.fields}" if arguments.fields else "")
    )
    note = (
        f"`{command}`. Each document has a schema of its own, compiled anew in every line; the embedded model. Server "
        "and clients share one process and its cores; `CPU` is all it used. `constraint` is the wall time canvases "
        "waited for their lattices, several at once in threads. `same text` counts the documents that equal those of "
        "the first line."
    )
    write_result(
        "server_throughput",
        f"# The server under load\n\n{machine()}{arguments.note}\n\n{note}\n\n{table(header, rows)}",
    )


class Watch:
    """Wall and CPU seconds between its making and :meth:`stop`."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        self.wall, self.cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu


def _row(
    name: str,
    watch: Watch,
    count: int,
    shared: str,
    halfway: str,
    spent: tuple[float, float],
    own: list[str],
    wanted: list[str],
) -> list[str]:
    constraint, forwards = spent
    same = sum(mine == first for mine, first in zip(own, wanted, strict=False))
    rates = [f"{count / watch.wall:.2f}", f"{watch.cpu / count:.2f}"]
    shares = [f"{1e3 * constraint / count:.0f}", f"{100 * constraint / (constraint + forwards):.1f}"]
    return [name, str(count), *rates, shared, halfway, *shares, f"{same}/{len(wanted)}"]


if __name__ == "__main__":
    main()
