"""``extract --batch``: every line answered once, whatever is wrong with some, and however often the job is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models.tiny_backend import TinyBackend
from typer.testing import CliRunner

import latticework as lw
from latticework.batch.answers import answers
from latticework.batch.job import run_lines
from latticework.batch.journal import Journal
from latticework.batch.lines import read_lines
from latticework.cli import app
from latticework.errors import InputError
from latticework.models.model import Model

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 8}},
    "required": ["name"],
    "additionalProperties": False,
}
QUICK = ["--max-tokens", "24", "--threshold", "0.5", "--quiet"]
LINES = [
    json.dumps({"id": "a", "text": "My name is Ann."}),
    json.dumps("Bo is here."),
    "{broken",
    "",
    json.dumps({"id": 4, "text": ""}),
    json.dumps({"id": "own", "text": "Say yes.", "schema": {"enum": ["yes", "no"]}}),
    json.dumps({"id": "odd", "text": "x", "schema": {"$ref": "https://schemas.example/other.json"}}),
    json.dumps({"text": "x", "prompt": "y"}),
    json.dumps(7),
    json.dumps({"id": "tight", "text": "x", "schema": {"type": "string", "minLength": 5000}}),
]
WANTED = {1: "ok", 2: "ok", 3: "error", 5: "error", 6: "ok", 7: "error", 8: "error", 9: "error", 10: "error"}


def run(*arguments: str):
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def records(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_one_bad_line_never_stops_the_job(tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(LINES))
    result = run("extract", json.dumps(SCHEMA), "--batch", str(source), str(target), *QUICK)
    assert result.exit_code == 1, result.stderr
    assert result.stdout == ""
    found = records(target)
    assert {record["line"]: record["status"] for record in found} == WANTED
    by_line = {record["line"]: record for record in found}
    jsonschema.validate(by_line[1]["value"], SCHEMA)
    assert by_line[1]["id"] == "a"
    assert by_line[6]["value"] in ("yes", "no")
    assert by_line[7]["error"]["type"] == "SchemaError"
    assert all((record["error"] is None) == (record["status"] == "ok") for record in found)
    again = run("extract", json.dumps(SCHEMA), "--batch", str(source), str(target), *QUICK[:-1])
    assert "3 lines answered, 6 refused (9 of them by an earlier run)" in again.stderr
    assert records(target) == found


def test_lines_with_schemas_need_none_for_the_job(tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(LINES[5] + "\n")
    assert run("extract", "--batch", str(source), str(target), *QUICK).exit_code == 0
    source.write_text(LINES[5] + "\n" + LINES[0] + "\n")
    assert run("extract", "--batch", str(source), str(target), *QUICK).exit_code == 1
    assert [record["status"] for record in records(target)] == ["ok", "error"]
    assert run("extract", *QUICK).exit_code == 2
    assert run("extract", "--batch", str(source), str(target), "--json").exit_code == 2
    assert run("extract", "--batch", str(tmp_path / "none.jsonl"), str(target)).exit_code == 1


class Interrupted(BaseException):
    """What no handler of errors catches, as a kill."""


@given(torn=st.integers(0, 200), stop=st.integers(1, 6), size=st.integers(1, 4))
@settings(max_examples=12, deadline=None)
def test_a_job_goes_on_wherever_its_file_was_cut_off(tmp_path_factory, torn, stop, size):
    folder = tmp_path_factory.mktemp("job")
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_text("\n".join(LINES))
    model = Model(TinyBackend())
    batches = 0

    def interrupt(done: int, total: int) -> None:
        nonlocal batches
        batches += 1
        if batches > stop:
            raise Interrupted

    def job(on_progress=None):
        return run_lines(
            model,
            source,
            target,
            lw.json_schema(SCHEMA),
            {"max_tokens": 24},
            read_schema=lw.json_schema,
            batch_size=size,
            on_progress=on_progress,
        )

    with contextlib.suppress(Interrupted):
        job(interrupt)
    data = target.read_bytes()
    target.write_bytes(data[: max(0, len(data) - torn)])
    count = job()
    found = records(target)
    assert sorted(record["line"] for record in found) == sorted(WANTED)
    assert {record["line"]: record["status"] for record in found} == WANTED
    assert (count.ok, count.errors) == (3, 6)


def test_records_of_another_job_are_not_mixed_in(tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(LINES[0] + "\n")
    model = Model(TinyBackend())

    def job(grammar=SCHEMA, **options):
        return run_lines(
            model, source, target, lw.json_schema(grammar), {"max_tokens": 24} | options, read_schema=lw.json_schema
        )

    job()
    job()
    for change in (lambda: job(max_tokens=25), lambda: job({"type": "integer"})):
        with pytest.raises(InputError, match="another output file"):
            change()
    source.write_text(LINES[1] + "\n")
    with pytest.raises(InputError, match="line 1 of another input"):
        job()
    with Journal(target), pytest.raises(InputError, match="another job"):
        job()
    target.write_text("no record\n")
    with pytest.raises(InputError, match="line 1: no record"):
        job()


def test_a_batch_that_fails_as_a_whole_is_tried_row_by_row():
    class Failing(TinyBackend):
        def forward(self, ids, attention, keep):
            if len(ids) > 1 or ids[0, 0] == 3 + ord("!"):
                raise MemoryError("full")
            return super().forward(ids, attention, keep)

    found = answers(Model(Failing()), ["one", "!", "three"], [lw.json_schema(SCHEMA)] * 3, {"max_tokens": 24})
    assert [result.error is None for result in found] == [True, False, True]
    assert "MemoryError: full" in str(found[1].error)


def test_lines_too_long_are_refused_without_being_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("latticework.batch.lines.MAX_LINE_BYTES", 40)
    path = tmp_path / "in.jsonl"
    path.write_text('"short"\n' + json.dumps("x" * 200) + '\n"last"')
    found = list(read_lines(path))
    assert [(line.number, line.text, line.error is None) for line in found] == [
        (1, "short", True),
        (2, "", False),
        (3, "last", True),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_process_loses_and_repeats_nothing(tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps({"id": n, "text": f"My name is Ann{n}."}) + "\n" for n in range(48)))
    command = [
        sys.executable,
        "-c",
        "from latticework.cli import main; main()",
        "extract",
        json.dumps(SCHEMA),
        "--batch",
        str(source),
        str(target),
    ]
    process = subprocess.Popen([*command, *QUICK], env={**os.environ, "OMP_NUM_THREADS": "1"})
    while process.poll() is None and not (target.exists() and target.stat().st_size):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    killed_at = len(target.read_bytes().splitlines())
    assert run("extract", json.dumps(SCHEMA), "--batch", str(source), str(target), *QUICK).exit_code == 0
    assert sorted(record["id"] for record in records(target)) == list(range(48))
    assert killed_at < 48
