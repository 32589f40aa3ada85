"""Full disks and damaged files: nothing that was acknowledged is lost, and what cannot go on says so in one line."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models.tiny_backend import TinyBackend

import latticework as lw
from latticework import compiler
from latticework.batch.job import run_lines
from latticework.batch.journal import Journal
from latticework.errors import InputError
from latticework.grammar.limits import DEFAULT_LIMITS
from latticework.kernel_files import KernelFiles
from latticework.models.embedded import WEIGHTS
from latticework.models.model import Model
from latticework.table_cache import TableCache

posix = pytest.mark.skipif(sys.platform == "win32", reason="limits of files are those of POSIX")
MODEL = Model(TinyBackend())
PATTERN = lw.regex("[a-z]{4}")


@contextlib.contextmanager
def room(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: writes are cut short there and fail then, as on a full disk."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@posix
@given(st.integers(0, 2500), st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_a_job_whose_disk_is_full_keeps_whole_batches_and_goes_on_later(
    tmp_path_factory: pytest.TempPathFactory, size: int, batch: int
) -> None:
    folder = tmp_path_factory.mktemp("job")
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_text("".join(f'"text {number}"\n' for number in range(10)))
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        told = done

    def job() -> None:
        options = {"max_tokens": 6, "threshold": 0.0}
        run_lines(
            MODEL, source, target, PATTERN, options, read_schema=lw.json_schema, batch_size=batch, on_progress=tell
        )

    problem = ""
    with room(size):
        try:
            job()
        except InputError as error:
            problem = str(error)
    if problem:
        assert problem.startswith(f"cannot write {target}: ")
        assert target.read_bytes()[-1:] in (b"", b"\n")
        assert len(records(target)) == told
        before = target.read_bytes()
        job()
        assert target.read_bytes().startswith(before)
    assert [record["line"] for record in records(target)] == list(range(1, 11))
    assert {record["status"] for record in records(target)} == {"ok"}


@posix
def test_devices_are_no_output_of_a_job() -> None:
    for path in ("/dev/full", "/dev/null"):
        with pytest.raises(InputError, match="is no file"):
            Journal(Path(path))


@posix
@pytest.mark.parametrize("size", [0, 100, 2_000])
def test_tables_that_find_no_room_are_a_warning_and_leave_nothing_behind(size: int, tmp_path: Path) -> None:
    vocabulary = lw.Vocabulary([bytes([byte]) for byte in range(256)] + [b""], {256: "eos"})
    grammar = lw.json_schema({"type": "object", "properties": {"a": {"type": "string"}}})
    with room(size), pytest.warns(RuntimeWarning, match="cannot be kept"):
        found = compiler.CompileCache().get(grammar, vocabulary, DEFAULT_LIMITS, TableCache(tmp_path))
    assert found.accepts('{"a":"b"}')
    assert not list(tmp_path.iterdir())


def test_what_a_killed_writer_of_tables_has_left_is_removed_in_time(tmp_path: Path) -> None:
    old, new = tmp_path / "old.part", tmp_path / "new.part"
    for path in (old, new):
        path.write_bytes(b"half a file")
    os.utime(old, (time.time() - 7200,) * 2)
    compiler.CompileCache().get(PATTERN, MODEL.vocabulary, DEFAULT_LIMITS, TableCache(tmp_path))
    assert not old.exists()
    assert new.exists()


def kernel(folder: Path) -> Any:
    """A kernel of a module of its own, as one that has just been imported."""
    path = folder / "kernels.py"
    path.write_text("def twice(value):\n    return 2 * value\n")
    spec = importlib.util.spec_from_file_location("latticework.kernels_of_a_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return numba.njit(cache=True)(module.twice)


def hits(made: Any) -> int:
    return sum(made.stats.cache_hits.values())


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", ["cut", "empty", "noise"])
def test_damaged_machine_code_is_compiled_again(tmp_path: Path, suffix: str, damage: str) -> None:
    assert kernel(tmp_path)(21) == 42
    again = kernel(tmp_path)
    assert isinstance(again._cache, KernelFiles)
    assert again(21) == 42
    assert hits(again) == 1
    [file] = tmp_path.glob(f"__pycache__/*.{suffix}")
    good = file.read_bytes()
    file.write_bytes({"cut": good[: len(good) // 2], "empty": b"", "noise": b"\x80\x05x" * 100}[damage])
    damaged = kernel(tmp_path)
    assert damaged(21) == 42
    assert hits(damaged) == 0
    mended = kernel(tmp_path)
    assert mended(21) == 42
    assert hits(mended) == 1


@posix
def test_machine_code_that_finds_no_room_is_one_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KernelFiles, "_warned", False)
    kernels = [kernel(tmp_path), kernel(tmp_path)]
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with room(10):
            assert [made(21) for made in kernels] == [42, 42]
    assert [str(warning.message).startswith("machine code cannot be kept in ") for warning in found] == [True]


def test_functions_of_others_keep_the_cache_of_numba() -> None:
    def twice(value: int) -> int:
        return 2 * value

    assert not isinstance(numba.njit(cache=True)(twice)._cache, KernelFiles)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "other"])
def test_damaged_files_of_the_embedded_model_are_refused(tmp_path: Path, name: str, damage: str) -> None:
    for file in WEIGHTS.iterdir():
        if file.name != name:
            (tmp_path / file.name).symlink_to(file)
    good = (WEIGHTS / name).read_bytes()
    data = {"cut": good[: len(good) // 2], "empty": b"", "noise": b"\x93\0" * 99, "other": b'{"a": []}'}[damage]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(lw.ModelError):
        lw.load(tmp_path)


def test_weights_with_other_values_still_write_documents_of_the_schema(tmp_path: Path) -> None:
    for file in WEIGHTS.iterdir():
        shutil.copy(file, tmp_path / file.name)
    data = bytearray((tmp_path / "model.safetensors").read_bytes())
    for place in range(len(data) // 2, len(data), 997):
        data[place] ^= 0x1F  # signs, exponents and mantissas of some thousand weights; no header
    (tmp_path / "model.safetensors").write_bytes(data)
    schema = {
        "type": "object",
        "properties": {"paid": {"type": "boolean"}, "name": {"type": "string", "maxLength": 6}},
        "required": ["paid", "name"],
    }
    result = lw.load(tmp_path).generate("It is paid by Ann.", schema)
    assert result.error is None
    jsonschema.validate(json.loads(result.text), schema)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_standard_output_is_one_line_of_error() -> None:
    command = [sys.executable, "-c", "from latticework.cli import main; main()"]
    arguments = ["explain", '{"type": "integer"}', "--text", "12"]
    with open("/dev/full", "w") as full:
        done = subprocess.run([*command, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "error: cannot write: No space left on device"
