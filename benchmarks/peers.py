"""llguidance and xgrammar on the Tekken vocabulary: from a schema to the first mask, then texts token by token.

Each ``..._engine`` makes a function from a schema to a test of texts; it has computed the first mask by then, and
raises what the peer raises where it refuses the schema. Texts are split into tokens by ``Vocabulary.encode``; a text is
accepted when each token is and the end token after them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from common import tekken_tokens, tekken_vocabulary

Accepts = Callable[[bytes], bool]
Engine = Callable[[Any], Accepts]


def xgrammar_engine(**options: Any) -> Engine:
    """``options`` go to ``compile_json_schema``. Rules are not kept from one schema to the next."""
    import torch
    import xgrammar

    tokens = tekken_tokens()
    end = len(tokens)
    info = xgrammar.TokenizerInfo([*tokens, b"</s>"], vocab_size=end + 1, stop_token_ids=[end])
    compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
    mask = torch.zeros(1, (end + 32) // 32, dtype=torch.int32)

    def start(schema: Any) -> Accepts:
        compiled = compiler.compile_json_schema(json.dumps(schema), **options)
        xgrammar.GrammarMatcher(compiled).fill_next_token_bitmask(mask)

        def accepts(text: bytes) -> bool:
            matcher = xgrammar.GrammarMatcher(compiled)
            return all(map(matcher.accept_token, [*tekken_vocabulary().encode(text), end]))

        return accepts

    return start


def llguidance_engine(**options: Any) -> Engine:
    """``options`` are overrides of the schema's own."""
    import llguidance

    tokens = tekken_tokens()

    class Tekken:
        def __init__(self) -> None:
            self.eos_token_id = len(tokens)
            self.bos_token_id = None
            self.tokens = [*tokens, b"\xff</s>"]
            self.special_token_ids = [self.eos_token_id]

        def __call__(self, text: bytes | str) -> list[int]:
            return tekken_vocabulary().encode(text.encode() if isinstance(text, str) else text)

    tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Tekken()))
    overrides: Any = options

    def start(schema: Any) -> Accepts:
        grammar = llguidance.LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=overrides)
        matcher = llguidance.LLMatcher(tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise ValueError(matcher.get_error())
        matcher.compute_bitmask()

        def accepts(text: bytes) -> bool:
            one = matcher.deep_copy()
            ids = tekken_vocabulary().encode(text)
            return one.try_consume_tokens(ids) == len(ids) and one.is_accepting()

        return accepts

    return start


def versions() -> str:
    return ", ".join(f"{name} {version(name)}" for name in ("llguidance", "xgrammar"))
