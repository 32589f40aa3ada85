"""Keys in any order: what compiling, proposals and admissible sets cost, and how many members have to be followed.

Objects of n members, integers and strings of at most 20 characters in turn, half of them or all of them required, on a
canvas of N slots under a vocabulary of 131k tokens. Logits are N(0, 2), as they are or with a boost for the tokens of a
document with its keys in an order of its own: the higher the boost, the surer the model. Beside it the same object with
its keys in the order of the schema, and, for few members, with a state for every set of them ("every set").

Run: ``python benchmarks/key_orders.py``
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from typing import Any

import numpy as np
from common import machine, table, tekken_vocabulary, write_result
from numpy.typing import NDArray

import latticework as lw
from latticework.compiler import cache
from latticework.grammar.json_schema import unordered
from latticework.lattice.arranged.session import ArrangedSession

EVERY_SET = 6  # members up to which all sets of them are written out, to compare


def schema_of(members: int, required: int) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [{"type": "integer"}, {"type": "string", "maxLength": 20}]
    properties = {f"member{number}": kinds[number % 2] for number in range(members)}
    return {"type": "object", "properties": properties, "required": [*properties][:required]}


def logits_of(schema: dict[str, Any], slots: int, boost: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """[N, V]: noise, and a boost for a document with its keys in some order, then for ends."""
    vocabulary = tekken_vocabulary()
    found = rng.normal(0, 2, (slots, len(vocabulary))).astype(np.float32)
    names = rng.permutation([*schema["properties"]])
    text = json.dumps({name: 7 if int(name[6:]) % 2 == 0 else "some text" for name in names}, separators=(",", ":"))
    tokens = vocabulary.encode(text.encode())[:slots]
    wanted = np.full(slots, vocabulary.end_tokens[0])
    wanted[: len(tokens)] = tokens
    found[np.arange(slots), wanted] += boost
    return found


def measured(schema: dict[str, Any], slots: int, boosts: list[float], repeats: int, **options: Any) -> list[Any]:
    """Milliseconds to compile and to open a canvas; per boost: members followed, orders settled, ms a proposal."""
    cache.clear()
    begun = time.perf_counter()
    constraint = lw.compile(lw.json_schema(schema, **options), tekken_vocabulary())
    compiled = time.perf_counter()
    open_canvas = partial(constraint.session, np.zeros(slots, np.int64), np.ones(slots, np.bool_))
    open_canvas()
    row: list[Any] = [1e3 * (compiled - begun), 1e3 * (time.perf_counter() - compiled)]
    for boost in boosts:
        followed, settled, times = [], 0, []
        for seed in range(repeats):
            logits = logits_of(schema, slots, boost, np.random.default_rng(seed))
            session = open_canvas()
            session.propose(logits)
            begun = time.perf_counter()
            session.propose(logits)  # what the first one had to follow is followed from the start
            times.append(1e3 * (time.perf_counter() - begun))
            if isinstance(session, ArrangedSession):
                followed.append(len(session.followed))
                settled += session.settled
        row += [f"{np.mean(followed):.1f}" if followed else "–", settled, float(np.median(times))]
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description="Keys in any order")
    parser.add_argument("--members", type=int, nargs="+", default=[4, 6, 8, 12, 20, 30])
    parser.add_argument("--boosts", type=float, nargs="+", default=[0, 8, 12])
    parser.add_argument("--slots", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=4)
    arguments = parser.parse_args()
    measure = partial(measured, slots=arguments.slots, boosts=arguments.boosts, repeats=arguments.repeats)
    measure(schema_of(2, 1), property_order="any")  # compiles the kernels
    rows: list[list[Any]] = []
    for members in arguments.members:
        for required in (members // 2, members):
            schema = schema_of(members, required)
            rows.append([members, required, "schema", *measure(schema)])
            kept = unordered.MAX_WRITTEN_OUT
            try:
                unordered.MAX_WRITTEN_OUT = 0
                rows.append([members, required, "any", *measure(schema, property_order="any")])
                if members <= EVERY_SET:
                    unordered.MAX_WRITTEN_OUT = unordered.MAX_WEIGHT
                    rows.append([members, required, "every set", *measure(schema, property_order="any")])
            finally:
                unordered.MAX_WRITTEN_OUT = kept
    heads = ["members", "required", "order", "compile ms", "canvas ms"]
    for boost in arguments.boosts:
        heads += [f"followed, boost {boost:g}", "settled", "ms a proposal"]
    assert __doc__ is not None
    text = f"# Keys in any order\n\n{__doc__.split('Run:')[0].split(chr(10), 2)[2].strip()}\n\n"
    text += f"N = {arguments.slots}; {arguments.repeats} draws for each boost, medians; {machine()}\n\n"
    write_result("key_orders", text + table(heads, rows))


if __name__ == "__main__":
    main()
