"""Compile time and table size per schema on a 131k vocabulary, xgrammar and llguidance in the same run.

The three do different work: we build the whole token automaton (forward and backward questions for
every slot follow from it), xgrammar builds token masks per grammar state, llguidance builds a lazy
parser and computes masks when asked; for the last two the first mask is included.
Run: ``python benchmarks/compile_schemas.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from common import machine, milliseconds, reference_schemas, table, tekken_tokens, tekken_vocabulary, write_result

import latticework as lw
from latticework.automata.build import build_automaton
from latticework.tokens.lifting import lift


def xgrammar_compiler() -> Callable[[Any], Any]:
    import torch
    import xgrammar

    tokens = tekken_tokens()
    info = xgrammar.TokenizerInfo([*tokens, b"</s>"], vocab_size=len(tokens) + 1, stop_token_ids=[len(tokens)])
    compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
    mask = torch.zeros(1, (len(tokens) + 32) // 32, dtype=torch.int32)

    def first_mask(schema: Any) -> Any:
        matcher = xgrammar.GrammarMatcher(compiler.compile_json_schema(json.dumps(schema), any_whitespace=False))
        return matcher.fill_next_token_bitmask(mask)

    return first_mask


def llguidance_compiler() -> Callable[[Any], Any]:
    import llguidance

    class Tekken:
        def __init__(self) -> None:
            self.eos_token_id = len(tekken_tokens())
            self.bos_token_id = None
            self.tokens = [*tekken_tokens(), b"\xff</s>"]
            self.special_token_ids = [self.eos_token_id]

        def __call__(self, text: bytes | str) -> list[int]:
            return tekken_vocabulary().encode(text.encode() if isinstance(text, str) else text)

    tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Tekken()))

    def first_mask(schema: Any) -> Any:
        options = {"whitespace_flexible": False}
        grammar = llguidance.LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=options)
        matcher = llguidance.LLMatcher(tokenizer, grammar)
        if matcher.is_error():
            raise RuntimeError(matcher.get_error())
        return matcher.compute_bitmask()

    return first_mask


def main() -> None:
    vocabulary = tekken_vocabulary()
    first_xgrammar, first_llguidance = xgrammar_compiler(), llguidance_compiler()
    rows = []
    for name, schema in reference_schemas().items():
        grammar = lw.json_schema(schema)
        automaton = build_automaton(grammar.node)
        tokens = lift(automaton, vocabulary)
        front = milliseconds(lambda schema=schema: lw.json_schema(schema))
        build = milliseconds(lambda node=grammar.node: build_automaton(node))
        lifting = milliseconds(lambda a=automaton: lift(a, vocabulary))
        total = front + build + lifting
        xgr = milliseconds(lambda schema=schema: first_xgrammar(schema), 1)
        llg = milliseconds(lambda schema=schema: first_llguidance(schema), 3)
        sizes = [automaton.states, tokens.edges, tokens.labels]
        rows.append(
            [name, *sizes, front, build, lifting, total, tokens.nbytes / 1e6, xgr, llg, xgr / total, llg / total]
        )
    header = ["schema", "states", "edges", "labels", "front ms", "build ms", "lift ms", "total ms", "tables MB"]
    header += ["xgrammar ms", "llguidance ms", "xgrammar / ours", "llguidance / ours"]
    versions = f"xgrammar {lw_version('xgrammar')}, llguidance {lw_version('llguidance')}"
    text = f"# Compile, {len(vocabulary):,} tokens, compact whitespace, one thread\n\n{machine()}; {versions}\n\n"
    write_result("compile_schemas", text + table(header, rows))


def lw_version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


if __name__ == "__main__":
    main()
