"""Ray Data on a cluster of this machine: every input answered once, whatever dies on the way."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import signal
import time
from pathlib import Path
from typing import Any, cast

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("ray.data")

import ray

import latticework as lw
from latticework.errors import InputError
from latticework.integrations.ray import LatticeworkStage, Processor, ProcessorConfig, build_processor, run_job

SCHEMA = {
    "type": "object",
    "properties": {"paid": {"type": "boolean"}},
    "required": ["paid"],
    "additionalProperties": False,
}
QUICK = {"max_tokens": 8, "threshold": 0.0}


def test_a_stage_answers_a_batch_and_leaves_it_alone():
    stage = LatticeworkStage("embedded", SCHEMA, sampling_params=QUICK)
    batch = {"id": np.arange(4), "text": np.array(["It is paid.", None, "", 7.5], dtype=object)}
    for column in batch.values():
        column.flags.writeable = False
    found = stage(batch)
    assert list(found["status"]) == ["ok", "error", "error", "error"]
    jsonschema.validate(json.loads(found["value"][0]), SCHEMA)
    assert list(found["value"][1:]) == [None] * 3
    assert "text" in found["error"][1]
    assert "/paid" in json.loads(found["confidence"][0])
    assert found["id"] is batch["id"]
    with pytest.raises(InputError, match="no column 'text'"):
        stage({"body": batch["text"]})
    with pytest.raises(InputError, match="column 'status' already"):
        stage({**batch, "status": batch["id"]})
    strict = LatticeworkStage("embedded", SCHEMA, sampling_params=QUICK, should_continue_on_error=False)
    with pytest.raises(InputError):
        strict(batch)


def test_what_makes_no_sense_is_refused_before_any_actor_starts():
    with pytest.raises(lw.SchemaError):
        build_processor(ProcessorConfig(schema={"$ref": "https://schemas.example/other.json"}))
    with pytest.raises(InputError, match="at least 1"):
        build_processor(ProcessorConfig(concurrency=0))


def written(folder: Path, file_format: str) -> list[dict[str, Any]]:
    parts = sorted(folder.glob(f"part-*.{file_format}"))
    if file_format == "jsonl":
        return [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    from pyarrow import parquet

    return [row for part in parts for row in parquet.read_table(part).to_pylist()]


class Listed:
    """The part of a dataset that jobs use, without a cluster: rows in a list."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def count(self) -> int:
        return len(self.rows)

    def filter(self, keep: Any) -> Listed:
        return Listed([row for row in self.rows if keep(row)])

    def iter_batches(self, *, batch_size: int, batch_format: str) -> Any:
        import pyarrow

        assert batch_format == "pyarrow"
        for start in range(0, len(self.rows), batch_size):
            yield pyarrow.Table.from_pylist(self.rows[start : start + batch_size])


class Echo(Processor):
    """Answers without a model and without a cluster."""

    def __call__(self, dataset: Any) -> Any:
        return Listed([{**row, "status": "ok" if row["id"] % 5 else "error"} for row in dataset.rows])


class Killed(BaseException):
    """What ends the process that started a job."""


@pytest.fixture
def without_cluster(monkeypatch):
    monkeypatch.setattr(
        "latticework.integrations.ray.job._waiting",
        lambda dataset, key, known: dataset.filter(lambda row: row[key] not in known),
    )


@given(
    rows=st.integers(0, 40),
    size=st.integers(1, 9),
    kills=st.lists(st.integers(0, 5), max_size=3),
    kind=st.sampled_from(["parquet", "jsonl"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_written_once_wherever_the_job_is_killed(
    without_cluster, tmp_path_factory, rows, size, kills, kind
):
    output = tmp_path_factory.mktemp("job") / "out"
    dataset: Any = Listed([{"id": number, "text": "x"} for number in range(rows)])
    processor = Echo(ProcessorConfig())

    def job(parts: int | None) -> Any:
        calls = 0

        def count(done: int, total: int) -> None:
            nonlocal calls
            calls += 1
            assert total == rows
            if parts is not None and calls > parts:
                raise Killed

        return run_job(dataset, processor, output, key="id", file_format=kind, rows_per_file=size, on_progress=count)

    for parts in kills:
        with contextlib.suppress(Killed):
            job(parts)
        (output / f".part-000009.{kind}.unfinished").write_bytes(b"half a")
    before = len(written(output, kind))
    count = job(None)
    found = written(output, kind)
    assert [row["id"] for row in found] == list(range(rows))
    assert (count.written, count.earlier) == (rows - before, before)
    assert count.errors == sum(row["status"] == "error" for row in found[before:])


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_full_disk_ends_the_job_with_whole_parts(without_cluster, tmp_path, monkeypatch, kind):
    def full(stream: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    dataset: Any = Listed([{"id": number, "text": "x"} for number in range(10)])
    job = functools.partial(run_job, dataset, Echo(ProcessorConfig()), tmp_path, key="id", file_format=kind)

    def fill(done: int, total: int) -> None:
        if done >= 6:
            monkeypatch.setattr("os.fsync", full)

    with pytest.raises(InputError, match=r"cannot write .*part-000002.*No space left"):
        job(rows_per_file=3, on_progress=fill)
    assert not list(tmp_path.glob(".part*"))
    monkeypatch.undo()
    assert [row["id"] for row in written(tmp_path, kind)] == list(range(6))


def test_parts_can_be_read_together(without_cluster, tmp_path):
    class Failing(Processor):
        def __call__(self, dataset: Any) -> Any:
            return Listed([{**row, "error": None if row["id"] < 2 else "bad"} for row in dataset.rows])

    from pyarrow import parquet

    dataset: Any = Listed([{"id": number} for number in range(4)])
    run_job(dataset, Failing(ProcessorConfig()), tmp_path, key="id", rows_per_file=2)
    assert parquet.read_table(tmp_path).column("error").to_pylist() == [None, None, "bad", "bad"]


def test_answers_of_different_jobs_are_not_mixed(without_cluster, tmp_path):
    processor = Echo(ProcessorConfig())
    run_job(cast(Any, Listed([{"id": 1}])), processor, tmp_path, key="id")
    for other in ({"key": "name"}, {"file_format": "jsonl"}):
        with pytest.raises(InputError, match="another folder"):
            run_job(cast(Any, Listed([])), processor, tmp_path, **{"key": "id", **other})
    with pytest.raises(InputError, match="another folder"):
        run_job(cast(Any, Listed([])), Echo(ProcessorConfig(schema={"type": "integer"})), tmp_path, key="id")
    changed = Echo(ProcessorConfig(batch_size=3, concurrency=(1, 4)))
    assert run_job(cast(Any, Listed([{"id": 1}, {"id": 2}])), changed, tmp_path, key="id").written == 1


def test_keys_must_tell_rows_apart(without_cluster, tmp_path):
    class Same(Processor):
        def __call__(self, dataset: Any) -> Any:
            return dataset

    for name, ids in (("twice", [1, 2, 1]), ("none", ["a", None]), ("nan", [1.0, float("nan")])):
        with pytest.raises(InputError, match="must tell rows apart"):
            run_job(cast(Any, Listed([{"id": own} for own in ids])), Same(ProcessorConfig()), tmp_path / name, key="id")


@pytest.fixture
def cluster():
    ray.init("local", num_cpus=3, include_dashboard=False, log_to_driver=False, object_store_memory=100 << 20)
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


def test_a_worker_and_the_job_are_killed_and_every_row_is_answered_once(cluster, tmp_path):
    # Within the test, so that the class travels to the workers by value. Workers that load no model start fast.
    class Dying(LatticeworkStage):
        """Kills the first worker that gets row 20, in the middle of its work."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.worker = os.getpid()

        def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
            mark = tmp_path / "died"
            if 20 in batch["id"].tolist() and not mark.exists():
                mark.touch()
                os.kill(self.worker, signal.SIGKILL)
            time.sleep(0.02)
            return {**batch, "worker": np.full(len(batch["id"]), self.worker)}

    dataset = ray.data.from_items([{"id": number, "text": "x"} for number in range(48)], override_num_blocks=12)
    config = ProcessorConfig(batch_size=4, concurrency=2)
    processor = Processor(config, postprocess=lambda row: {**row, "seen": True}, stage=Dying)

    def interrupt(done: int, total: int) -> None:
        if done >= 8:
            raise Killed

    with pytest.raises(Killed):
        run_job(dataset, processor, tmp_path / "out", key="id", rows_per_file=8, on_progress=interrupt)
    assert len(written(tmp_path / "out", "parquet")) == 8
    count = run_job(dataset, processor, tmp_path / "out", key="id", rows_per_file=8)
    assert (tmp_path / "died").exists(), "a worker was killed"
    assert (count.written, count.earlier) == (40, 8)
    found = written(tmp_path / "out", "parquet")
    assert sorted(row["id"] for row in found) == list(range(48))
    assert all(row["seen"] for row in found)
    assert len({row["worker"] for row in found}) >= 2
    _documents_are_answered(tmp_path / "documents")


def _documents_are_answered(folder: Path) -> None:
    """By an actor with a model; part of the test before, because a cluster takes longer to start than this."""
    rows = [{"id": number, "body": f"Invoice {number} is {'paid' if number % 2 else 'open'}."} for number in range(12)]
    rows[5]["body"] = ""
    config = ProcessorConfig(schema=SCHEMA, sampling_params=QUICK, batch_size=4, text_column="body")
    dataset = ray.data.from_items(rows)
    count = run_job(dataset, build_processor(config), folder, key="id", file_format="jsonl")
    assert (count.written, count.errors) == (12, 1)
    for row in written(folder, "jsonl"):
        assert row["status"] == ("error" if row["id"] == 5 else "ok")
        if row["status"] == "ok":
            jsonschema.validate(json.loads(row["value"]), SCHEMA)
