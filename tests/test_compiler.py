"""The compile cache: what shares an entry, what does not, and how it stays within its bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import BaseModel

import latticework as lw
from latticework import compiler
from latticework.compiler import CompileCache
from latticework.grammar.limits import DEFAULT_LIMITS

BYTES = lw.Vocabulary([bytes([value]) for value in range(256)] + [b""], {256: "eos"})
LETTERS = lw.Vocabulary([b"a", b"b", b""], {2: "eos"})


def test_equal_grammars_share_a_constraint_and_others_do_not() -> None:
    cache = CompileCache()
    first = cache.get(lw.regex("a+b"), BYTES, DEFAULT_LIMITS)
    assert cache.get(lw.regex("a+b"), BYTES, DEFAULT_LIMITS) is first
    assert cache.get(lw.regex("a+b"), LETTERS, DEFAULT_LIMITS) is not first
    assert cache.get(lw.regex("a+b"), BYTES, lw.Limits(max_states=500)) is not first
    assert cache.get(lw.regex("a+"), BYTES, DEFAULT_LIMITS) is not first
    assert (cache.info().hits, cache.info().misses, cache.info().entries) == (1, 4, 4)


def test_options_that_change_the_language_change_the_key() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    compact = lw.compile(lw.json_schema(schema), BYTES)
    spaced = lw.compile(lw.json_schema(schema, whitespace="spaced"), BYTES)
    assert compact.accepts('{"a":1}')
    assert not compact.accepts('{"a": 1}')
    assert spaced.accepts('{"a": 1}')


def test_the_reader_is_part_of_the_key() -> None:
    class Point(BaseModel):
        x: int

    typed, plain = lw.json_schema(Point), lw.json_schema(Point.model_json_schema())
    assert lw.compile(typed, BYTES).grammar.parse('{"x":3}') == Point(x=3)
    assert lw.compile(plain, BYTES).grammar.parse('{"x":3}') == {"x": 3}


def test_oldest_entries_leave_when_the_bytes_are_spent() -> None:
    size = CompileCache().get(lw.regex("a{1,3}"), BYTES, DEFAULT_LIMITS).tokens.nbytes
    cache = CompileCache(max_bytes=3 * size)
    for number in range(1, 12):
        cache.get(lw.regex(f"a{{1,3}}b{number}"), BYTES, DEFAULT_LIMITS)
    assert 1 <= cache.info().entries < 11
    assert cache.info().bytes <= 3 * size
    before = cache.info().hits
    cache.get(lw.regex("a{1,3}b11"), BYTES, DEFAULT_LIMITS)
    assert cache.info().hits == before + 1
    cache.clear()
    assert (cache.info().entries, cache.info().bytes) == (0, 0)


def test_threads_share_one_compilation(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = compiler._compile

    def counted(*arguments):
        calls.append(1)
        return real(*arguments)

    monkeypatch.setattr(compiler, "_compile", counted)
    cache = CompileCache()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: cache.get(lw.regex("[a-z]{3,9}"), BYTES, DEFAULT_LIMITS), range(16)))
    assert len(calls) == 1
    assert all(constraint is found[0] for constraint in found)


def test_a_failure_is_raised_each_time_and_not_kept() -> None:
    cache = CompileCache()
    tight = lw.Limits(max_states=3)
    for _ in range(2):
        with pytest.raises(lw.LimitExceeded, match="max_states=3"):
            cache.get(lw.regex("abcdef"), BYTES, tight)
    assert cache.info().entries == 0


def test_only_grammars_are_compiled() -> None:
    with pytest.raises(TypeError, match="json_schema"):
        lw.compile({"type": "string"}, BYTES)  # pyright: ignore[reportArgumentType]


def test_limits_name_the_schema_node() -> None:
    wide = {"type": "object", "properties": {"code": {"type": "string", "pattern": "^(a?b?){400}$"}}}
    with pytest.raises(lw.LimitExceeded) as caught:
        lw.compile(lw.json_schema(wide), BYTES, lw.Limits(max_nodes=600))
    assert "/properties/code" in caught.value.where
