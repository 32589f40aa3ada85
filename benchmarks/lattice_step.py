"""Milliseconds of one step of the engine on a canvas of N slots and a 131k vocabulary, random logits.

*open + sets*: a session and its forward and backward sets, what the loop hides under the forward. *read*: float32
logits to class statistics. *best*, *propose*: the whole call, reading included; *propose* adds marginals to the best
filling. *half*: every other slot fixed to tokens of a valid filling. One thread.
Run: ``python benchmarks/lattice_step.py [N]``.
"""

from __future__ import annotations

import sys

import numpy as np
from common import machine, milliseconds, reference_schemas, table, tekken_vocabulary, write_result

import latticework as lw
from latticework.lattice.constraint import Constraint
from latticework.lattice.scoring import open_logits


def row(name: str, constraint: Constraint, tokens: np.ndarray, free: np.ndarray, logits: np.ndarray) -> list:
    session = constraint.session(tokens, free)

    def open_and_prepare() -> None:
        constraint.session(tokens, free).prepare()

    sets = milliseconds(open_and_prepare, 5)
    reader = open_logits(logits, session.free, constraint.class_table)
    read_max = milliseconds(lambda: reader.classes(sums=False), 3)
    read_sums = milliseconds(lambda: reader.classes(sums=True), 3)
    best = milliseconds(lambda: session.best(logits), 3)
    propose = milliseconds(lambda: session.propose(logits), 3)
    fixed = "none" if free.all() else "half"
    apart = [max(best - read_max, 0.0), max(propose - read_sums, 0.0)]
    return [name, fixed, sets, read_max, best, apart[0], read_sums, propose, apart[1]]


def main() -> None:
    slots = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    vocabulary = tekken_vocabulary()
    logits = np.random.default_rng(0).normal(0, 2, (slots, len(vocabulary))).astype(np.float32)
    rows = []
    for name, schema in reference_schemas().items():
        constraint = lw.compile(lw.json_schema(schema), vocabulary)
        free = np.ones(slots, np.bool_)
        tokens = np.zeros(slots, np.int64)
        rows.append(row(name, constraint, tokens, free, logits))
        filled = constraint.session(tokens, free).best(logits).tokens
        free = np.arange(slots) % 2 == 0
        rows.append(row(name, constraint, filled, free, logits))
    header = ["schema", "fixed", "open + sets", "read (max)", "best", "best - read", "read (sums)"]
    header += ["propose", "propose - read"]
    head = f"# One step, N = {slots}, {len(vocabulary):,} tokens, milliseconds\n\n{machine()}\n\n"
    write_result(f"lattice_step_{slots}", head + table(header, rows))


if __name__ == "__main__":
    main()
