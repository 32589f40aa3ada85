"""MaskBench: does every schema compile, is every valid instance accepted and every invalid one rejected?

An instance is spelt with the keys in the order given and without blanks. A schema passes when it compiles, all
its valid instances are accepted and no invalid one is. Everything that does not pass is counted by reason, because
passing alone rewards silence. With ``--peers`` llguidance and xgrammar run on the same schemas and vocabulary.
Time to first answer is schema text to the admissible tokens of an empty canvas of 64 slots (peers: to the first mask).
Run: ``python benchmarks/maskbench.py DATA`` (a file of JSON lines, ``name``, ``schema``, ``tests``).
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from common import machine, table, tekken_vocabulary, write_result

import latticework as lw
from latticework.compiler import cache
from latticework.errors import LimitExceeded, SchemaError

SLOTS = 64
Accepts = Callable[[bytes], bool]


def read(path: Path, stride: int, offset: int) -> Iterator[dict[str, Any]]:
    opening: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    with opening(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % stride == offset:
                yield json.loads(line)


def spelt(value: Any) -> bytes | None:
    """Compact text, None where the instance has no JSON text (lone surrogates, which no document has)."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return None


def ours(schema: Any, options: dict[str, Any]) -> tuple[Accepts, dict[str, float]]:
    cache.clear()
    start = time.perf_counter()
    grammar = lw.json_schema(schema, **options)
    constraint = lw.compile(grammar, tekken_vocabulary())
    compiled = time.perf_counter()
    try:
        constraint.session(np.zeros(SLOTS, np.int64), np.ones(SLOTS, np.bool_)).admissible()
    except lw.Infeasible:
        _ = constraint.min_tokens
    first = time.perf_counter()
    figures = {"compile": compiled - start, "first": first - start, "bytes": float(constraint.tokens.nbytes)}
    return constraint.accepts, figures


class _TimeOut(BaseException):
    pass


def _stop(*_: Any) -> None:
    raise _TimeOut


def examine(case: dict[str, Any], engine: Callable[[Any], tuple[Accepts, dict[str, float]]], limit: int) -> dict:
    """One schema: what happened, why, and how long it took."""
    row: dict[str, Any] = {"name": case["name"], "stratum": case["stratum"], "tests": len(case["tests"])}
    row["invalid tests"] = sum(not test["valid"] for test in case["tests"])
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(limit)
    start = time.perf_counter()
    try:
        accepts, figures = engine(case["schema"])
        row |= figures
        wrong = {"valid": 0, "invalid": 0}
        for number, test in enumerate(case["tests"]):
            text = spelt(test["data"])
            if (text is not None and accepts(text)) != test["valid"]:
                wrong["valid" if test["valid"] else "invalid"] += 1
                row.setdefault("wrong", []).append(number)
        row["rejected"], row["accepted"] = wrong["valid"], wrong["invalid"]
        row["outcome"] = "accepted" if wrong["invalid"] else "rejected" if wrong["valid"] else "pass"
    except _TimeOut:
        row |= {"outcome": "time-out", "first": float(limit)}
    except SchemaError as error:
        row |= {"outcome": "refused", "reasons": sorted({f"{i.keyword}: {i.message:.70}" for i in error.issues})}
    except LimitExceeded as error:
        row |= {"outcome": "refused", "reasons": [f"limit {error.limit}"]}
    except Exception as error:
        row |= {"outcome": "crash", "reasons": [f"{type(error).__name__}: {error!s:.100}"]}
    finally:
        signal.alarm(0)
    row["seconds"] = time.perf_counter() - start
    return row


_OPTIONS: dict[str, Any] = {}


def _ours(schema: Any) -> tuple[Accepts, dict[str, float]]:
    return ours(schema, _OPTIONS["grammar"])


def _work(case: dict[str, Any]) -> dict[str, Any]:
    return examine(case, _ours, _OPTIONS["limit"])


def _prepare(options: dict[str, Any]) -> None:
    _OPTIONS.update(options)
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
    warm = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 9}}}
    examine({"name": "", "stratum": "", "tests": [], "schema": warm}, _ours, 600)


def summary(rows: list[dict[str, Any]]) -> str:
    """Outcomes of all schemas, of those with tests and of those with invalid tests; reasons; times."""
    groups = {
        "all": rows,
        "with tests": [row for row in rows if row["tests"]],
        "with invalid tests": [row for row in rows if row["invalid tests"]],
    }
    outcomes = ["pass", "refused", "rejected", "accepted", "time-out", "crash"]
    lines = []
    for name, group in groups.items():
        count = Counter(row["outcome"] for row in group)
        lines.append([name, len(group), *(f"{count[o]} ({count[o] / max(1, len(group)):.1%})" for o in outcomes)])
    text = table(["schemas", "n", *outcomes], lines)
    reasons = Counter(reason for row in rows if row["outcome"] in ("refused", "crash") for reason in row["reasons"][:1])
    text += "\n\nRefused or crashed, by first reason:\n\n"
    text += "\n".join(f"- {count} {reason}" for reason, count in reasons.most_common(60))
    times = np.array([row["first"] for row in rows if "first" in row]) * 1e3
    sizes = np.array([row["bytes"] for row in rows if "bytes" in row]) / 1e6
    quantiles = [0.5, 0.9, 0.95, 0.99, 1.0]
    figures = [
        ["time to first answer, ms", *np.quantile(times, quantiles).tolist()],
        ["tables, MB", *np.quantile(sizes, quantiles).tolist()],
    ]
    return text + "\n\n" + table(["", "p50", "p90", "p95", "p99", "max"], figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--stride", type=int, default=1, help="every n-th schema")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--limit", type=int, default=20, help="seconds for one schema")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--order", default="schema", help="property_order")
    parser.add_argument("--closed", action="store_true", help="the default reading: named properties only")
    parser.add_argument("--rows", type=Path, help="write one JSON line a schema here")
    parser.add_argument("--name", default="maskbench", help="name of the result file")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        raise SystemExit(f"{arguments.data} is not there: give the MaskBench schemas as JSON lines")
    grammar = {"property_order": arguments.order, "open_objects": not arguments.closed}
    options = {"grammar": grammar, "limit": arguments.limit}
    cases = read(arguments.data, arguments.stride, arguments.offset)
    context = multiprocessing.get_context("spawn")
    with context.Pool(arguments.workers, _prepare, (options,), maxtasksperchild=400) as pool:
        rows = list(pool.imap_unordered(_work, cases, chunksize=8))
    if arguments.rows:
        arguments.rows.write_text("".join(json.dumps(row) + "\n" for row in rows))
    head = (
        f"# MaskBench, property order {arguments.order}\n\n{machine()}; 130,073 tokens; limit {arguments.limit} s\n\n"
    )
    write_result(arguments.name, head + summary(rows))


if __name__ == "__main__":
    main()
