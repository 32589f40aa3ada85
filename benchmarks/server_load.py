"""Many clients at once for minutes: mixed schemas, broken requests, clients that hang up.

``python benchmarks/server_load.py [--clients 64] [--minutes 10]`` starts ``latticework serve`` with the embedded
model in a process of its own and asks it over loopback. Every good request has an id of its own that must come back:
as a ``const`` of its schema (checked against the whole document with ``jsonschema``), as a pattern, or between the
parts of a text with a hole; so an answer that went to another client cannot pass. One request in twenty is broken and
must be refused with the status that it deserves, one in twenty is given up by its client after a random time. 429 is
tried again after ``Retry-After``, as clients should. Writes ``results/server_load.md``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import numpy as np
from common import machine, table, write_result

DOCUMENTS = Path(__file__).resolve().parents[1] / "examples" / "documents"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(DOCUMENTS.glob("*.txt"))}
SCHEMAS = {stem: json.loads((DOCUMENTS / f"{stem}.json").read_text(encoding="utf-8")) for stem in TEXTS}
MOST_FIELDS = 3  # of a schema: the embedded model on one or two cores is the bottleneck, not the server
CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"


@dataclass(frozen=True)
class Case:
    """A request, and what its answer must be.

    Attributes:
        kind: for the table.
        status: expected.
        schema: that the text must satisfy.
        exact: that the text must match, with the request's id in it.
    """

    kind: str
    path: str
    body: Any
    status: int = 200
    schema: dict[str, Any] | None = None
    exact: str | None = None


def good(rng: random.Random, name: str) -> Case:
    """A request that must be answered, and whose answer nobody else's can be taken for."""
    kind = rng.choice(["schema", "schema", "stream", "tool", "regex", "hole", "text"])
    body: dict[str, Any] = {"model": "embedded"}
    if kind == "hole":
        body |= {"prompt": "", "parts": [f'{{"id":"{name}","total":', {"hole": 6}, "}"]}
        body["structured_outputs"] = {"json": _with_id({"total": {"type": "number"}}, name)}
        return Case(kind, COMPLETIONS, body, schema=body["structured_outputs"]["json"])
    if kind == "text":
        return Case(kind, COMPLETIONS, body | {"prompt": f"Hello {name}", "max_tokens": 8})
    document = rng.choice(sorted(SCHEMAS))
    body["messages"] = [{"role": "user", "content": TEXTS[document]}]
    if kind == "regex":
        body["structured_outputs"] = {"regex": f"{name}-[a-f]{{4}}"}
        return Case(kind, CHAT, body, exact=f"{name}-[a-f]{{4}}")
    properties = SCHEMAS[document]["properties"]
    chosen = rng.sample(sorted(properties), min(MOST_FIELDS, len(properties)))
    schema = _with_id({key: properties[key] for key in chosen}, name, SCHEMAS[document].get("$defs"))
    if kind == "tool":
        body["tools"] = [{"type": "function", "function": {"name": "note", "parameters": schema}}]
        body["tool_choice"] = {"type": "function", "function": {"name": "note"}}
    else:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    if kind == "stream":
        body["stream"] = True
    return Case(kind, CHAT, body, schema=schema)


def _with_id(properties: dict[str, Any], name: str, definitions: Any = None) -> dict[str, Any]:
    own = {"id": {"const": name}, **properties}
    found = {"type": "object", "properties": own, "required": [*own], "additionalProperties": False}
    return found | ({"$defs": definitions} if definitions else {})


def broken(rng: random.Random, name: str) -> Case:
    """A request that must be refused."""
    body = good(rng, name).body
    match rng.randrange(7):
        case 0:
            return Case("broken", CHAT, b'{"model": ', 400)
        case 1:
            return Case("broken", CHAT, body | {"model": "other"}, 404 if "messages" in body else 400)
        case 2:
            return Case("broken", CHAT, body | {"no_such_field": 1}, 400)
        case 3:
            return Case("broken", "/v1/nothing", body, 404)
        case 4:
            wanted = {"model": "embedded", "prompt": "x", "structured_outputs": {"regex": "(a"}}
            return Case("broken", COMPLETIONS, wanted, 400)
        case 5:
            wanted = {"model": "embedded", "prompt": "x", "structured_outputs": {"json": {"type": "integr"}}}
            return Case("broken", COMPLETIONS, wanted, 400)
    return Case("broken", CHAT, {"model": "embedded", "messages": []}, 400)


@dataclass
class Tally:
    """What has happened so far."""

    done: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    busy: int = 0
    left: int = 0

    def add(self, case: Case, seconds: float) -> None:
        """Count an answer that was as it must be."""
        self.done[case.kind] += 1
        self.seconds.setdefault(case.kind, []).append(seconds)


async def client(url: str, number: int, seed: int, end: float, tally: Tally) -> None:
    """One client: request after request until the time is over; the last ones are waited for."""
    rng = random.Random(f"{seed} {number}")
    count = 0
    async with httpx.AsyncClient(base_url=url, timeout=600) as http:
        while time.monotonic() < end:
            count += 1
            name, fate = f"c{number}n{count}", rng.random()
            case = broken(rng, name) if fate < 0.05 else good(rng, name)
            if 0.05 <= fate < 0.1:
                await _hang_up(url, case, rng.expovariate(1.0), tally)
                continue
            begun = time.monotonic()
            try:
                problem = await _asked(http, case, tally)
            except httpx.TransportError as error:
                problem = f"lost: {type(error).__name__}"
            if problem:
                tally.wrong.append(f"{case.kind} {name}: {problem}")
                print(tally.wrong[-1], flush=True)
            else:
                tally.add(case, time.monotonic() - begun)


async def _hang_up(url: str, case: Case, seconds: float, tally: Tally) -> None:
    """Ask, and close the connection before the answer, unless it comes first."""
    host, _, port = url.removeprefix("http://").partition(":")
    content = json.dumps(case.body).encode()
    head = f"POST {case.path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    try:
        await asyncio.wait_for(reader.read(), seconds)
    except TimeoutError:
        tally.left += 1
    writer.transport.abort()


async def _asked(http: httpx.AsyncClient, case: Case, tally: Tally) -> str | None:
    """What is wrong with the answer."""
    content = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
    while True:
        answer = await http.post(case.path, content=content, headers={"content-type": "application/json"})
        if answer.status_code not in (429, 503):
            break
        if "retry-after" not in answer.headers:
            return f"{answer.status_code} without Retry-After"
        tally.busy += 1
        await asyncio.sleep(float(answer.headers["retry-after"]))
    if answer.status_code != case.status:
        return f"status {answer.status_code}, expected {case.status}: {answer.text[:200]}"
    if case.status != 200:
        return None if answer.json()["error"]["message"] else "no message"
    text, reason = _text(case, answer)
    if case.schema is not None:
        try:
            jsonschema.validate(json.loads(text), case.schema)
        except (ValueError, jsonschema.ValidationError) as error:
            return f"INVALID OR SWAPPED: {text[:200]}: {error!s:.100}"
    if case.exact is not None and not re.fullmatch(case.exact, text):
        return f"INVALID OR SWAPPED: {text[:200]}"
    wanted = ("tool_calls",) if case.kind == "tool" else ("stop", "length") if case.kind == "text" else ("stop",)
    return None if reason in wanted else f"finish_reason {reason}"


def _text(case: Case, answer: httpx.Response) -> tuple[str, str]:
    if case.kind != "stream":
        choice = answer.json()["choices"][0]
        if "text" in choice:
            return choice["text"], choice["finish_reason"]
        message = choice["message"]
        text = message["tool_calls"][0]["function"]["arguments"] if case.kind == "tool" else message["content"]
        return text, choice["finish_reason"]
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    if lines[-1] != "[DONE]":
        return "", "the stream has no end"
    choices = [json.loads(line)["choices"][0] for line in lines[:-1]]
    return "".join(choice["delta"].get("content") or "" for choice in choices), choices[-1]["finish_reason"]


@asynccontextmanager
async def served(max_batch: int) -> AsyncIterator[tuple[str, int]]:
    """A server in a process of its own: its address and process id."""
    main = "from latticework.cli import main; main()"
    command = [sys.executable, "-c", main, "serve", "--port", "0", "--max-batch", str(max_batch)]
    process = subprocess.Popen([*command, "--log-level", "info"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", line) for line in process.stderr)))
    log = asyncio.get_running_loop().run_in_executor(None, process.stderr.read)
    try:
        yield found[0], process.pid
    finally:
        process.terminate()
        text = await log
    if process.wait() != 0 or "Traceback" in text:
        print(text[-4000:], flush=True)
        raise SystemExit("the server did not end well, or has logged an exception")


def resident(process: int) -> float:
    """MiB of a process that are in memory."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # pyright: ignore[reportOptionalSubscript]


async def measured(url: str, process: int, end: float, every: float) -> list[tuple[float, float]]:
    """Minutes and MiB, now and then until the end."""
    begun = time.monotonic()
    found = []
    while time.monotonic() < end:
        found.append(((time.monotonic() - begun) / 60, resident(process)))
        await asyncio.sleep(every)
    return found


async def run(arguments: argparse.Namespace) -> str:
    tally = Tally()
    async with served(arguments.max_batch) as (url, process):
        begun = time.monotonic()
        end = begun + 60 * arguments.minutes
        memory = asyncio.create_task(measured(url, process, end, arguments.minutes * 60 / 40))
        await asyncio.gather(*(client(url, n, arguments.seed, end, tally) for n in range(arguments.clients)))
        spent = time.monotonic() - begun
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            counters = _counters((await http.get("/metrics")).text)
            healthy = (await http.get("/health")).status_code == 200
    return _page(arguments, tally, spent, await memory, counters, healthy)


def _counters(text: str) -> dict[str, float]:
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("latticework_"))
    return {name: float(value) for name, value in lines}


def _page(
    arguments: argparse.Namespace,
    tally: Tally,
    spent: float,
    memory: list[tuple[float, float]],
    counters: dict[str, float],
    healthy: bool,
) -> str:
    rows = []
    for kind in sorted(tally.done):
        own = np.array(tally.seconds[kind])
        rows.append(
            [kind, tally.done[kind], *(f"{np.quantile(own, at):.2f}" for at in (0.5, 0.9, 0.99)), f"{own.max():.2f}"]
        )
    every = np.concatenate([own for kind, own in tally.seconds.items() if kind != "broken"])
    stage = {name: counters[f'latticework_stage_seconds_total{{stage="{name}"}}'] for name in ("model", "constraint")}
    failures = {name: value for name, value in counters.items() if 'status="5' in name and 'status="503"' not in name}
    sizes = np.array([size for _, size in memory])
    warm = sizes[len(sizes) // 5 :]
    lost = sum(": lost" in text for text in tally.wrong)
    command = (
        f"python benchmarks/server_load.py --clients {arguments.clients} --minutes {arguments.minutes:g} "
        f"--max-batch {arguments.max_batch} --seed {arguments.seed}"
    )
    facts = [
        f"- good requests answered: {len(every):,} in {spent:.0f} s, {len(every) / spent:.2f} a second; "
        f"p50 {np.quantile(every, 0.5):.2f} s, p99 {np.quantile(every, 0.99):.2f} s",
        f"- invalid or swapped documents: {sum('INVALID' in text for text in tally.wrong)}; lost answers: {lost}; "
        f"other wrong answers: {len(tally.wrong) - lost - sum('INVALID' in text for text in tally.wrong)}",
        f"- broken requests, all refused with the right status: {tally.done['broken']:,}; clients that hung up: "
        f"{tally.left:,}, canvases taken out of the batch for it: "
        f"{counters.get('latticework_canvases_cancelled_total', 0):.0f}",
        f"- answers 429 (back-pressure), all tried again: {tally.busy:,}; 5xx: {sum(failures.values()):.0f}",
        f"- memory of the server after a fifth of the time: {warm[0]:.0f} MiB, at the end {warm[-1]:.0f} MiB, between "
        f"{warm.min():.0f} and {warm.max():.0f} ({100 * (warm.max() / warm[0] - 1):+.1f} %, "
        f"{100 * (warm.min() / warm[0] - 1):+.1f} %)",
        f"- canvases a forward: "
        f"{counters['latticework_forward_rows_sum'] / counters['latticework_forwards_total']:.1f}; summed "
        f"over canvases they spent {stage['model']:.0f} s in forwards and waited {stage['constraint']:.0f} s for "
        "lattices "
        f"({100 * stage['constraint'] / (stage['model'] + stage['constraint']):.0f} %)",
        f"- compiled grammars: {counters['latticework_compile_cache_misses']:.0f}; healthy at the end: {healthy}; "
        f"places still taken: {counters['latticework_canvases_taken']:.0f}; SIGTERM ended the server with status 0",
    ]
    curve = ", ".join(f"{minute:.1f}: {size:.0f}" for minute, size in memory[::4])
    note = (
        f"`{command}`. `latticework serve` with the embedded model in a process of its own; {arguments.clients} "
        "clients in another one on the same cores, each asking again as soon as it is answered. Every schema is new, "
        "as it has the request's id in it: nothing comes from the cache of compiled grammars."
    )
    header = ["kind", "answered", "p50, s", "p90, s", "p99, s", "longest, s"]
    wrong = "\n".join(f"- {text}" for text in tally.wrong[:50])
    return (
        f"# Many clients at once\n\n{machine()}{arguments.note}\n\n{note}\n\n" + "\n".join(facts) + "\n\n"
        f"{table(header, rows)}\n\nMemory of the server, MiB by minute: {curve}.\n" + (f"\n{wrong}\n" if wrong else "")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--max-batch", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--note", default="", help="what else is to be said of the machine")
    parser.add_argument("--dry", action="store_true", help="print the page, do not keep it")
    arguments = parser.parse_args()
    text = asyncio.run(run(arguments))
    print(text) if arguments.dry else write_result("server_load", text)


if __name__ == "__main__":
    main()
