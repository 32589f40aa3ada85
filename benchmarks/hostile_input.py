"""Some ten thousand hostile requests and files: nothing may crash, hang, use up the memory, or be refused unclearly.

``python benchmarks/hostile_input.py [--requests 10000] [--files 2000] [--seed 0]`` writes
``results/hostile_input.md``. Requests go to the server's ASGI application with a random model, whose forwards cost
nothing; schemas, patterns, grammars and tokenizer files also go to the loaders themselves. A process of its own takes
one case after another; it is killed when a case takes longer than ``--seconds``, and the next one goes on behind it.
Documents that are returned for a schema are validated with ``jsonschema``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hostile_cases as cases
import httpx
import jsonschema
from common import HERE, machine, table, write_result

import latticework as lw
from latticework.models.model import Model
from latticework.models.tokenizer_files import load_tokenizer
from latticework.server.app import create_app
from latticework.server.settings import SERVER_LIMITS, Settings

MEMORY = 1 << 30  # bytes that one case may add to the process
# What a message says when it was not written for people.
UNCLEAR = re.compile(
    r"NoneType|has no attribute|subscriptable|unhashable|unexpected keyword|positional argument|<class |Traceback"
    r"|site-packages|/src/|internal error|object is not|invalid literal for int"
)
Run = Callable[[int], tuple[str, list[str]]]


def problems_of(error: BaseException) -> list[str]:
    """What is wrong with an exception that a loader has raised."""
    if not isinstance(error, lw.LatticeworkError):
        place = traceback.extract_tb(error.__traceback__)[-1]
        return [f"{type(error).__name__}: {error!s:.120} ({Path(place.filename).name}:{place.lineno})"]
    text = str(error)
    return [f"unclear: {text:.150}"] if len(text) < 8 or UNCLEAR.search(text) else []


class Requests:
    """The server's application in this process, without a network."""

    def __init__(self, seed: int, make: Callable[[random.Random, str], tuple[str, Any]] = cases.request) -> None:
        self._make = make
        sys.path.insert(0, str(HERE.parent / "tests" / "models"))
        from tiny_backend import TinyBackend

        self._seed = seed
        self._loop = asyncio.new_event_loop()
        self._app = create_app(Model(TinyBackend(seed=1)), Settings(max_body_bytes=200_000, max_choices=6))
        self._app.state.latticework.engine.start()
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=True)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://server", timeout=None)

    def __call__(self, number: int) -> tuple[str, list[str]]:
        rng = random.Random(f"request {self._seed} {number}")
        path, body = self._make(rng, "tiny")
        data, headers = cases.raw_body(rng, body)
        answer = self._loop.run_until_complete(self._client.post(path, content=data, headers=headers))
        return str(answer.status_code), self.problems(path, data, answer)

    def problems(self, path: str, data: bytes, answer: httpx.Response) -> list[str]:
        """What is wrong with an answer."""
        if self._app.state.latticework.engine.taken:
            return ["a place was not given back"]
        if answer.status_code == 200:
            return self._wrong_documents(path, data, answer)
        if answer.status_code not in (400, 404, 413, 415, 422):
            return [f"status {answer.status_code}: {answer.text:.150}"]
        error = answer.json()["error"]
        if not error["code"] or len(error["message"]) < 8 or UNCLEAR.search(error["message"]):
            return [f"unclear: {error['message']:.150}"]
        without = ("invalid_json", "content_type", "body_too_large", "limit_exceeded")
        return [] if error["param"] or error["code"] in without else [f"no param: {error['message']:.150}"]

    def _wrong_documents(self, path: str, data: bytes, answer: httpx.Response) -> list[str]:
        body = json.loads(data)
        if body.get("stream") or path == "/tokenize":
            return [f"a stream failed: {answer.text[-200:]}"] if '"server_error"' in answer.text else []
        form = body.get("response_format") or {}
        if path == "/v1/responses" or form.get("type") != "json_schema" or body.get("tools") or body.get("parts"):
            return []
        wanted = form["json_schema"]["schema"]
        try:
            kind: Any = jsonschema.validators.validator_for(wanted, default=jsonschema.Draft202012Validator)
            kind.check_schema(wanted)
            check = kind(wanted, format_checker=kind.FORMAT_CHECKER)  # formats are enforced here
        except Exception:
            return []
        for choice in answer.json()["choices"]:
            text = choice["text"] if "text" in choice else choice["message"]["content"]
            if "text" in choice and body.get("suffix") is not None:
                text = body["prompt"] + text + body["suffix"]
            try:
                valid = check.is_valid(json.loads(text))
            except RecursionError:
                continue
            if not valid:
                return [f"INVALID DOCUMENT {text:.80} for {json.dumps(wanted):.200}"]
        return []


class Loader:
    """One reader of hostile files; what it accepts is compiled."""

    def __init__(self, name: str, seed: int, read: Callable[[random.Random], object]) -> None:
        self._name, self._seed, self._read = name, seed, read

    def __call__(self, number: int) -> tuple[str, list[str]]:
        try:
            self._read(random.Random(f"{self._name} {self._seed} {number}"))
        except Exception as error:
            return "refused", problems_of(error)
        return "accepted", []


def loaders() -> dict[str, Callable[[random.Random], object]]:
    """Readers by name."""
    vocabulary = lw.Vocabulary([bytes([byte]) for byte in range(256)] + [b""], {256: "eos"})

    def compiled(grammar: lw.Grammar) -> object:
        return lw.compile(grammar, vocabulary, SERVER_LIMITS).min_tokens

    def tokenizer(rng: random.Random) -> object:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "tokenizer.json").write_bytes(cases.tokenizer_file(rng))
            return compiled_for(lw.Vocabulary.from_tokenizer(load_tokenizer(Path(folder))))

    def compiled_for(own: lw.Vocabulary) -> object:
        try:
            return lw.compile(lw.regex("[ab]*"), own, SERVER_LIMITS).min_tokens
        except lw.Infeasible:
            return None

    return {
        "JSON Schema": lambda rng: compiled(lw.json_schema(cases.schema(rng), limits=SERVER_LIMITS)),
        "regular expressions": lambda rng: compiled(lw.regex(cases.pattern(rng), limits=SERVER_LIMITS)),
        "Lark": lambda rng: compiled(lw.lark(cases.lark_text(rng) + "\n", limits=SERVER_LIMITS)),
        "GBNF": lambda rng: compiled(lw.gbnf(cases.gbnf_text(rng), limits=SERVER_LIMITS)),
        "tokenizer files": tokenizer,
    }


@dataclass
class Tally:
    """What came of the cases of one kind; ``end`` is when no more are begun."""

    end: float
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: dict[int, str] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, -1)
    memory: tuple[int, int] = (0, -1)

    def add(self, number: int, outcome: str, seconds: float, grown: int, problems: list[str]) -> None:
        """Count one case."""
        self.outcomes[outcome] += 1
        self.slowest = max(self.slowest, (seconds, number))
        self.memory = max(self.memory, (grown, number))
        if grown > MEMORY:
            problems = [*problems, f"{grown >> 20} MiB"]
        if problems:
            self.problems[number] = problems[0]
            print(f"  {number}: {problems[0]}", flush=True)


def run(make: Callable[[], Run], count: int, seconds: float, end: float = float("inf")) -> Tally:
    """All cases, or those that begin before ``end``; one process for as many as it survives."""
    tally, number = Tally(end), 0
    while number < count and time.monotonic() < end:
        number = _in_a_process(make, number, count, seconds, tally)
    return tally


def _in_a_process(make: Callable[[], Run], start: int, count: int, seconds: float, tally: Tally) -> int:
    """Run cases from ``start`` on; the number of the next one, behind that at which the process ended."""
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        os.close(reading)
        _work(make, start, count, writing)
    os.close(writing)
    number, ending = start - 1, "crash"
    with os.fdopen(reading, "rb", buffering=0) as lines:
        while True:
            # Before the first case the process makes what it needs, kernels included.
            patience = 300.0 if number < start else seconds
            if not select.select([lines], [], [], patience)[0]:
                ending = "time-out"
                break
            line = lines.readline()
            if not line:
                break
            found = json.loads(line)
            if isinstance(found, int):
                number = found
            else:
                tally.add(number, *found)
                if number == count - 1 or found[2] > MEMORY or time.monotonic() >= tally.end:
                    ending = ""
                    break
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    if ending:
        tally.add(number, ending, seconds if ending == "time-out" else 0.0, 0, [f"{ending} ({seconds:g} s)"])
    return number + 1


def _work(make: Callable[[], Run], start: int, count: int, writing: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
    case = make()
    case(start)  # imports and kernels are not part of any case's time
    for number in range(start, count):
        os.write(writing, f"{number}\n".encode())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        try:
            outcome, problems = case(number)
        except BaseException as error:
            outcome, problems = "failed", problems_of(error)
        spent = time.perf_counter() - begun
        grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        os.write(writing, (json.dumps([outcome, spent, grown, [text[:400] for text in problems]]) + "\n").encode())
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=2_000, help="for each kind of file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60, help="for one case")
    parser.add_argument("--minutes", type=float, default=600, help="for everything; three fifths for requests")
    parser.add_argument("--only", help="one kind: 'requests' or the name of a loader")
    arguments = parser.parse_args()
    kinds: dict[str, tuple[Callable[[], Run], int]] = {
        "requests, wrong fields": (lambda: Requests(arguments.seed, cases.wrong_fields), arguments.requests),
        "requests, hostile constraints": (lambda: Requests(arguments.seed), arguments.files),
    }
    for name, read in loaders().items():
        kinds[name] = (lambda name=name, read=read: Loader(name, arguments.seed, read), arguments.files)
    rows, notes = [], []
    for name, (make, count) in kinds.items():
        if arguments.only not in (None, name):
            continue
        print(name, flush=True)
        begun = time.perf_counter()
        minutes = arguments.minutes * (0.3 if name.startswith("requests") else 0.08)
        tally = run(make, count, arguments.seconds, time.monotonic() + 60 * minutes)
        told = ", ".join(f"{outcome}: {number:,}" for outcome, number in sorted(tally.outcomes.items()))
        spent = f"{time.perf_counter() - begun:.0f}"
        memory = f"{tally.memory[0] / 2**20:.0f}"
        rows.append(
            [name, f"{tally.outcomes.total():,}", told, len(tally.problems), f"{tally.slowest[0]:.1f}", memory, spent]
        )
        print(rows[-1], "slowest", tally.slowest[1], "memory", tally.memory[1], flush=True)
        notes += [f"- {name} {number}: {text}" for number, text in tally.problems.items()]
    if arguments.only:
        return
    header = ["input", "cases", "outcomes", "problems", "slowest, s", "most memory of a case, MiB", "all, s"]
    command = (
        f"python benchmarks/hostile_input.py --requests {arguments.requests} --files {arguments.files} "
        f"--seed {arguments.seed} --seconds {arguments.seconds:g} --minutes {arguments.minutes:g}"
    )
    note = (
        f"`{command}`. Seeded random inputs of `benchmarks/hostile_cases.py`: right ones damaged in up to six places, "
        "wrong fields, hostile schemas, patterns and grammars, bytes that are no JSON. A problem is a crash, a 5xx, "
        f"more than {arguments.seconds:g} s or 1 GiB, an exception that is not the library's, a message that was not "
        "written for people, a refusal that does not name its field, a place in the queue that is not given back, a "
        "document that `jsonschema` finds invalid."
    )
    text = f"# Hostile input\n\n{machine()}\n\n{note}\n\n{table(header, rows)}"
    write_result("hostile_input", text + ("\n\n" + "\n".join(notes) if notes else ""))


if __name__ == "__main__":
    main()
