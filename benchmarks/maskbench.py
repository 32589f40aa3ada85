"""MaskBench: does every schema compile, is every valid instance accepted and every invalid one rejected?

An instance is spelt with the keys in the order given and without blanks. A schema passes when it compiles, all
its valid instances are accepted and no invalid one is. Everything that does not pass is counted by reason, because
passing alone rewards silence. With ``--peers`` llguidance and xgrammar run on the same schemas and vocabulary
(xgrammar without its strict mode, rules not kept between schemas). Time to first answer is schema text to the
admissible tokens of an empty canvas of 64 slots (peers: to the first mask; context-free, or large objects in any
order: to its first filling).
Every schema and engine has a process of
its own; memory is what that grows by at its peak, beyond what a small schema took.
Run: ``python benchmarks/maskbench.py DATA`` (a file of JSON lines, ``name``, ``schema``, ``tests``).
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from common import machine, reference_schemas, table, tekken_vocabulary, write_result
from forked import forked
from peers import Accepts, llguidance_engine, versions, xgrammar_engine
from tqdm import tqdm

import latticework as lw
from latticework.compiler import cache
from latticework.errors import LimitExceeded, SchemaError

SLOTS = 64
OURS = "latticework"
WARM_UP = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 9}, "b": {"enum": [1, "x"]}}}
VALIDATED = {"enum": ["ab", "b"], "pattern": "^a"}
_Timed = tuple[Accepts, dict[str, float]]


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


def ours(schema: Any, options: dict[str, Any]) -> _Timed:
    cache.clear()
    start = time.perf_counter()
    grammar = lw.json_schema(schema, **options)
    constraint = lw.compile(grammar, tekken_vocabulary())
    compiled = time.perf_counter()
    try:
        session = constraint.session(np.zeros(SLOTS, np.int64), np.ones(SLOTS, np.bool_))
        if grammar.context_free is None and grammar.arranged is None:
            session.admissible()
    except lw.Infeasible:
        _ = constraint.min_tokens
    first = time.perf_counter()
    figures = {"compile": compiled - start, "first": first - start, "bytes": float(constraint.nbytes)}
    return constraint.accepts, figures


def timed(start: Callable[[Any], Accepts], schema: Any) -> _Timed:
    """A peer's test of texts, and how long it took to be ready for the first token."""
    before = time.perf_counter()
    accepts = start(schema)
    return accepts, {"first": time.perf_counter() - before}


def examine(case: dict[str, Any], engine: Callable[[Any], _Timed], is_peer: bool) -> dict[str, Any]:
    """One schema: what happened, why, and how long it took."""
    row: dict[str, Any] = {}
    start = time.perf_counter()
    try:
        accepts, figures = engine(case["schema"])
    except SchemaError as error:
        return {"outcome": "refused", "reasons": sorted({f"{i.keyword}: {i.message:.70}" for i in error.issues})}
    except LimitExceeded as error:
        return {"outcome": "refused", "reasons": [f"limit {error.limit}"]}
    except Exception as error:
        if not is_peer:
            raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return {"outcome": "refused", "reasons": [f"{lines[0]:.80}"]}
    row |= figures
    wrong = {"valid": 0, "invalid": 0}
    for number, test in enumerate(case["tests"]):
        text = spelt(test["data"])
        if (text is not None and accepts(text)) != test["valid"]:
            wrong["valid" if test["valid"] else "invalid"] += 1
            row.setdefault("wrong", []).append(number)
    row["rejected"], row["accepted"] = wrong["valid"], wrong["invalid"]
    row["outcome"] = "accepted" if wrong["invalid"] else "rejected" if wrong["valid"] else "pass"
    row["seconds"] = time.perf_counter() - start
    return row


_ENGINES: dict[str, Callable[[Any], _Timed]] = {}


def _work(case: dict[str, Any], limit: float) -> list[dict[str, Any]]:
    """A row for each engine."""
    about = {"name": case["name"], "stratum": case["stratum"], "tests": len(case["tests"])}
    about["invalid tests"] = sum(not test["valid"] for test in case["tests"])
    rows = []
    for name, engine in _ENGINES.items():
        row = forked(partial(engine, WARM_UP), partial(examine, case, engine, name != OURS), limit)
        if row["outcome"] == "time-out":
            row["first"] = row["seconds"] = limit
        rows.append({**about, "engine": name, **row})
    return rows


def _prepare(grammar: dict[str, Any], with_peers: bool) -> None:
    _ENGINES[OURS] = partial(ours, options=grammar)
    for schema in (*reference_schemas().values(), VALIDATED):  # compiles the kernels, imports what some schemas need
        ours(schema, grammar)[0](b"{}")
    if with_peers:
        for name, start in {
            "llguidance": llguidance_engine(),
            "xgrammar": xgrammar_engine(any_whitespace=True, strict_mode=False),
        }.items():
            start(WARM_UP)(b"{}")
            _ENGINES[name] = partial(timed, start)


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
    return text + "\n\n" + table(["", *(f"p{q * 100:g}" for q in _QUANTILES)], figures(rows))


_QUANTILES = [0.5, 0.9, 0.95, 0.99, 1.0]


def figures(rows: list[dict[str, Any]]) -> list[list[Any]]:
    """Quantiles of times and sizes."""
    scales = {"time to first answer, ms": ("first", 1e3), "tables, MB": ("bytes", 1e-6), "memory, MB": ("memory", 1e-6)}
    out: list[list[Any]] = []
    for name, (key, scale) in scales.items():
        values = np.array([row[key] for row in rows if key in row]) * scale
        if len(values):
            out.append([name, *np.quantile(values, _QUANTILES).tolist()])
    return out


def _kept(found: Iterable[list[dict[str, Any]]], path: Path | None) -> Iterator[dict[str, Any]]:
    """All rows, written to ``path`` as they come: a run of an hour that is cut off has not been in vain."""
    with open(path or os.devnull, "w", encoding="utf-8") as lines:
        for row in chain.from_iterable(tqdm(found, unit="schema", mininterval=5)):
            print(json.dumps(row), file=lines, flush=True)
            yield row


def main() -> None:
    parser = argparse.ArgumentParser(description="MaskBench: schemas, their valid and their invalid instances")
    parser.add_argument("data", type=Path)
    parser.add_argument("--stride", type=int, default=1, help="every n-th schema")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--limit", type=int, default=20, help="seconds for one schema")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--order", default="schema", help="property_order")
    parser.add_argument("--closed", action="store_true", help="the default reading: named properties only")
    parser.add_argument("--distinct", default="refuse", help="distinct: unlisted unique items")
    parser.add_argument("--peers", action="store_true", help="llguidance and xgrammar, too")
    parser.add_argument("--rows", type=Path, help="write one JSON line a schema here")
    parser.add_argument("--name", default="maskbench", help="name of the result file")
    parser.add_argument("--report", type=Path, nargs="+", help="no run: make the page of these files of rows")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        raise SystemExit(f"{arguments.data} is not there: give the MaskBench schemas as JSON lines")
    grammar = {
        "property_order": arguments.order,
        "open_objects": not arguments.closed,
        "distinct": arguments.distinct,
    }
    if arguments.report:
        rows = [json.loads(line) for path in arguments.report for line in path.read_text().splitlines()]
        _write(arguments, rows)
        return
    cases = read(arguments.data, arguments.stride, arguments.offset)
    work = partial(_work, limit=arguments.limit)
    context = multiprocessing.get_context("spawn")
    with context.Pool(arguments.workers, _prepare, (grammar, arguments.peers)) as pool:
        rows = list(_kept(pool.imap_unordered(work, cases, chunksize=8), arguments.rows))
    _write(arguments, rows)


def _write(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    peers = f"; {versions()}" if arguments.peers else ""
    distinct = "" if arguments.distinct == "refuse" else f", distinct {arguments.distinct}"
    text = f"# MaskBench, property order {arguments.order}{distinct}\n\n"
    text += f"{machine()}{peers}; 130,073 tokens; limit {arguments.limit} s"
    for engine in dict.fromkeys(row["engine"] for row in rows):
        text += f"\n\n## {engine}\n\n{summary([row for row in rows if row['engine'] == engine])}"
    write_result(arguments.name, text)


if __name__ == "__main__":
    main()
