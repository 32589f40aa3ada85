"""Tables kept in a folder: the same as those compiled, never those of another grammar, and never an error."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latticework as lw
from latticework import compiler, table_cache
from latticework.grammar.limits import DEFAULT_LIMITS
from latticework.table_cache import TableCache, cache_of, key_of
from latticework.table_files import BadFile, from_bytes, to_bytes

VOCABULARY = lw.Vocabulary(
    [*[bytes([byte]) for byte in range(256)], b"true", b'":', b"", b""], {258: "eos", 259: "pad"}
)
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string", "maxLength": 9}, "b": {"type": "array", "maxItems": 40}},
    "required": ["a"],
}
GRAMMARS = {
    "regex": lw.regex(r"a{3,9}(b|c)*"),
    "schema": lw.json_schema(SCHEMA),
    "any value": lw.json_schema({}),
    "json": lw.lark("json"),
    "arithmetic": lw.lark("arithmetic"),
    "nothing": lw.choice(["a"]) + lw.lark('start: "b" start | "c"'),
}


def compiled(grammar: lw.Grammar, cache: TableCache | None) -> Any:
    return compiler.CompileCache().get(grammar, VOCABULARY, DEFAULT_LIMITS, cache)


def arrays(value: object) -> list[np.ndarray]:
    """All arrays below a value, in order."""
    if isinstance(value, np.ndarray):
        return [value]
    names = getattr(value, "_fields", None) or getattr(value, "__slots__", ())
    return [array for name in names if not name.startswith("_") for array in arrays(getattr(value, name))]


def tables(constraint: object) -> list[np.ndarray]:
    if isinstance(constraint, lw.Constraint):
        return arrays(constraint.tokens)
    assert isinstance(constraint, lw.ContextFreeConstraint)
    language = constraint.language
    return [*arrays(language.rules), *arrays(language.lexical), *arrays(language.derived)]


@pytest.mark.parametrize("name", GRAMMARS)
def test_tables_from_a_file_are_those_compiled(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grammar, cache = GRAMMARS[name], TableCache(tmp_path / "new" / "folder")
    first = compiled(grammar, cache)
    [file] = cache.folder.iterdir()
    monkeypatch.setattr(compiler, "build_automaton", None)
    monkeypatch.setattr(compiler, "_context_free_tables", None)
    second = compiled(grammar, cache)
    assert [file] == list(cache.folder.iterdir())
    assert second is not first
    assert second.digest == first.digest
    ours, theirs = tables(first), tables(second)
    assert len(ours) == len(theirs) > 8
    for one, other in zip(ours, theirs, strict=True):
        assert (one.dtype, one.shape, one.flags.writeable) == (other.dtype, other.shape, other.flags.writeable)
        assert other.flags.c_contiguous
        assert other.flags.aligned
        assert np.array_equal(one, other)
    slots = np.zeros(9, np.int64), np.ones(9, np.bool_)
    assert np.array_equal(first.session(*slots).admissible(), second.session(*slots).admissible())


def test_keys_tell_grammars_limits_and_vocabularies_apart() -> None:
    other = lw.Vocabulary([b"a", b"b"])
    keys = [key_of(grammar, VOCABULARY, DEFAULT_LIMITS) for grammar in GRAMMARS.values()]
    keys += [
        key_of(GRAMMARS["json"], other, DEFAULT_LIMITS),
        key_of(GRAMMARS["json"], VOCABULARY, lw.Limits(max_nodes=9)),
    ]
    keys.append(key_of(lw.lark('start: "a"'), VOCABULARY, DEFAULT_LIMITS))
    assert len(set(keys)) == len(keys)


def test_another_version_of_the_library_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_of(GRAMMARS["json"], VOCABULARY, DEFAULT_LIMITS)
    monkeypatch.setattr(table_cache, "_makers", lambda: b"another")
    assert key_of(GRAMMARS["json"], VOCABULARY, DEFAULT_LIMITS) != key


DATA = to_bytes(
    compiler._context_free_tables(GRAMMARS["arithmetic"].as_context_free(), VOCABULARY, DEFAULT_LIMITS), "key"
)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_files_are_known_as_such(data: st.DataObject) -> None:
    damaged = bytearray(DATA)
    kind = data.draw(st.sampled_from(["flip", "cut", "grow", "zero"]))
    at = data.draw(st.integers(0, len(damaged) - 1) | st.integers(0, 4000))
    if kind == "flip":
        damaged[at] ^= data.draw(st.integers(1, 255))
    elif kind == "cut":
        del damaged[at:]
    elif kind == "grow":
        damaged[at:at] = data.draw(st.binary(min_size=1, max_size=9))
    else:
        damaged[at : at + 64] = bytes(len(damaged[at : at + 64]))
    if damaged != DATA:
        with pytest.raises(BadFile):
            from_bytes(damaged, "key")


def test_tables_of_another_key_are_not_taken() -> None:
    from_bytes(bytearray(DATA), "key")
    with pytest.raises(BadFile, match="other tables"):
        from_bytes(bytearray(DATA), "another")


@pytest.mark.parametrize("damage", [b"", b"LWTABLES", b"x" * 10_000, None])
def test_damaged_files_are_written_anew(damage: bytes | None, tmp_path: Path) -> None:
    cache, grammar = TableCache(tmp_path), GRAMMARS["schema"]
    digest = compiled(grammar, cache).digest
    [file] = tmp_path.iterdir()
    good = file.read_bytes()
    file.write_bytes(good[:-100] if damage is None else damage)
    assert compiled(grammar, cache).digest == digest
    assert file.read_bytes() == good
    assert list(tmp_path.iterdir()) == [file]


def test_least_recently_used_files_make_room(tmp_path: Path) -> None:
    grammars = [lw.regex(f"a{{{count}}}b*") for count in range(1, 5)]
    cache = TableCache(tmp_path)
    for age, grammar in enumerate(grammars[:3]):
        compiled(grammar, cache)
        path = tmp_path / (key_of(grammar, VOCABULARY, DEFAULT_LIMITS) + ".tables")
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    compiled(grammars[0], cache)  # used again, now
    sizes = sum(path.stat().st_size for path in tmp_path.iterdir())
    compiled(grammars[3], TableCache(tmp_path, sizes + 1_000))
    kept = {key_of(grammars[place], VOCABULARY, DEFAULT_LIMITS) + ".tables" for place in (0, 2, 3)}
    assert {path.name for path in tmp_path.iterdir()} == kept
    compiled(grammars[1], TableCache(tmp_path, 10))
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.warns(RuntimeWarning, match="cannot be kept"):
        found = compiled(GRAMMARS["regex"], TableCache(blocked))
    assert found.accepts("aaab")


def test_compile_takes_a_folder_or_that_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lw.compile(lw.regex("ab?c{7}"), VOCABULARY, cache=tmp_path / "given").accepts("accccccc")
    assert len(list((tmp_path / "given").iterdir())) == 1
    monkeypatch.setenv("LATTICEWORK_CACHE", str(tmp_path / "named"))
    monkeypatch.setenv("LATTICEWORK_CACHE_BYTES", "12345678")
    lw.compile(lw.regex("ab?c{8}"), VOCABULARY)
    assert len(list((tmp_path / "named").iterdir())) == 1
    named = cache_of(None)
    assert named is not None
    assert named.max_bytes == 12_345_678
    monkeypatch.delenv("LATTICEWORK_CACHE")
    assert cache_of(None) is None


def test_languages_of_keys_in_any_order_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"k{number}" for number in range(9)]
    schema = {"type": "object", "properties": {name: {"type": "boolean"} for name in names}, "required": names[:2]}
    grammar = lw.json_schema(schema, property_order="any")
    canvas = np.zeros(60, np.int64), np.ones(60, np.bool_)
    logits = np.random.default_rng(0).normal(size=(60, len(VOCABULARY))).astype(np.float32)
    compiler.cache.clear()
    first = lw.compile(grammar, VOCABULARY, cache=tmp_path).session(*canvas).best(logits)
    files = {path.name for path in tmp_path.iterdir()}
    assert len(files) >= 2  # any order with repetitions, and that of the schema
    compiler.cache.clear()
    monkeypatch.setattr("latticework.lattice.arranged.constraint.lift", None)
    again = lw.compile(grammar, VOCABULARY, cache=tmp_path)
    assert np.array_equal(again.session(*canvas).best(logits).tokens, first.tokens)
    assert {path.name for path in tmp_path.iterdir()} == files
    compiler.cache.clear()
