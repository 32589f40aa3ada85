"""Methods over tasks with a random network: resuming, refusals, reports; and the command with the embedded model."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from models.tiny_backend import TinyBackend
from typer.testing import CliRunner

from latticework.cli import app
from latticework.errors import InputError
from latticework.evaluation import running
from latticework.evaluation.alignment import MISSING
from latticework.evaluation.dataset import Task, read_tasks, write_tasks
from latticework.evaluation.methods import METHODS, Answer, parse
from latticework.evaluation.page import page
from latticework.evaluation.resampling import reject_and_resample
from latticework.evaluation.running import Run, evaluate, score_answer
from latticework.evaluation.summary import HEADER, scalings, summarise, worst
from latticework.models.model import Model

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 6}, "age": {"type": "integer", "minimum": 0, "maximum": 99}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
ANN = Task("a", "My name is Ann and I am 31 years old.", SCHEMA, {"name": "Ann", "age": 31}, "person", "chat", "dev")
BO = Task("b", "Bo <b> is 7 & well.", SCHEMA, {"name": "Bo", "age": 7}, "person", "mail", "held-out")
TASKS = [ANN, BO]


@pytest.fixture
def model() -> Model:
    return Model(TinyBackend())


def runs(*names: str, settings: str = "") -> list[Run]:
    return [Run(name, name, {"max_tokens": 40}, settings) for name in names or METHODS]


def test_every_method_answers_every_task(model: Model) -> None:
    scored = evaluate(model, TASKS, runs())
    assert [(one.run, one.task.id) for one in scored] == [(name, task) for name in METHODS for task in "ab"]
    for one in scored:
        if one.run == "constrained" or (one.run == "resample" and one.answer.rejections < 100):
            jsonschema.validate(json.loads(one.answer.text), SCHEMA)
            assert one.score.valid
            assert set(one.answer.confidence) == {"", "/name", "/age"}
        assert one.answer.error is None
    lines = summarise(scored)
    assert [(line.group, line.method) for line in lines[:2]] == [("dev", "constrained"), ("dev", "unconstrained")]
    assert all(len(line.cells()) == len(HEADER) for line in lines)


def test_resampling_keeps_only_what_can_be_completed(model: Model) -> None:
    constraint = model.compile(SCHEMA)
    found = reject_and_resample(model.backend, [5, 6], 30, constraint, block_length=4, most_rejections=10_000)
    text = b"".join(model.vocabulary.bytes(int(token)) for token in found.tokens)
    assert found.finished
    assert constraint.accepts(text)
    assert 0 < found.forwards <= 30
    assert (found.log_prob <= 0).all()


def test_resampling_gives_up(model: Model) -> None:
    found = reject_and_resample(model.backend, [5, 6], 30, model.compile(SCHEMA), most_rejections=3)
    assert (found.finished, found.rejections) == (False, 3)
    assert len(found.tokens) < 30


def test_resampling_commits_the_most_confident_token_that_is_possible(model: Model) -> None:
    import torch

    constraint = model.compile({"enum": ["ab", "cd"]})
    found = reject_and_resample(model.backend, [9], 6, constraint, most_rejections=10_000)
    ids = torch.tensor([[9] + [model.backend.mask_id] * 6])
    scores = model.backend.forward(ids, torch.ones_like(ids, dtype=torch.bool), 6)[0].log_softmax(-1).numpy()
    possible = constraint.session(np.zeros(6, np.int64), np.ones(6, bool)).admissible()
    slot, token = np.unravel_index(np.where(possible, scores, -np.inf).argmax(), scores.shape)
    ended = token in model.vocabulary.end_tokens
    assert ended or found.tokens[slot] == token


def test_a_run_goes_on_behind_its_last_answer(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "out" / "results.jsonl"
    first = evaluate(model, [ANN], runs("constrained"), file)
    with file.open("a") as stream:
        stream.write('{"key": "torn')
    asked: list[str] = []

    def spy(model: Any, tasks: Any, options: Any) -> list[Answer]:
        asked.extend(task.id for task in tasks)
        return [Answer("{}") for _ in tasks]

    monkeypatch.setitem(running.METHODS, "constrained", spy)
    done: list[int] = []
    second = evaluate(model, TASKS, runs("constrained"), file, done.append)
    assert asked == ["b"]
    assert sum(done) == 2
    assert second[0].answer == first[0].answer
    evaluate(model, TASKS, runs("constrained", settings="others"), file)
    assert asked == ["b", "a", "b"]
    assert len(file.read_text().splitlines()) == 4


def test_a_foreign_file_is_not_written_to(model: Model, tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    file.write_text('{"mine": 1}\n')
    with pytest.raises(InputError, match="no file of results"):
        evaluate(model, TASKS, runs("constrained"), file)
    assert file.read_text() == '{"mine": 1}\n'


def test_a_task_that_is_refused_leaves_the_others(model: Model) -> None:
    bad = Task("c", "Cy is 3.", {"type": "string", "pattern": "(?=a)(?!b)c\\1"}, "x")
    for name in METHODS:
        refused, good = evaluate(model, [bad, ANN], runs(name))
        assert refused.answer.error
        assert not refused.score.valid
        assert good.answer.error is None


def test_strict_json_only() -> None:
    assert parse("[1, null]") == [1, None]
    assert parse("[NaN]") is parse("{'a': 1}") is parse("[1") is MISSING


def test_valid_means_valid_for_jsonschema() -> None:
    dated = Task("d", "1 May 2026", {"type": "string", "format": "date"}, "2026-05-01")
    assert score_answer("x", dated, Answer('"2026-05-01"')).score.exact
    assert not score_answer("x", dated, Answer('"2026-02-30"')).score.valid
    assert not score_answer("x", dated, Answer("5")).score.valid


def test_temperatures_are_fitted_on_dev_and_measured_elsewhere() -> None:
    right = score_answer("x", ANN, Answer('{"name":"Ann","age":31}', {"/name": 0.9, "/age": 0.9}))
    wrong = score_answer("x", BO, Answer('{"name":"Ann","age":7}', {"/name": 0.9, "/age": 0.9}))
    [found] = scalings([right, wrong])
    assert (found.fitted_on, found.measured_on) == (2, 2)
    assert found.temperature < 1 < 1 + found.after
    assert abs(found.before - 0.4) < 1e-9
    assert scalings([right]) == []


class _Checker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.outside += [f"{name}={value}" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "rect", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_shows_the_worst_cases(model: Model) -> None:
    good = score_answer("x", ANN, Answer('{"name":"Ann","age":31}', {"/name": 0.9}))
    bad = score_answer("x", BO, Answer('{"name":"<i>Zed","age":7}', {"/name": 0.8}))
    broken = score_answer("x", BO, Answer("not <json>"))
    assert worst([good, bad, broken], 5) == [broken, bad]
    text = page(summarise([good, bad, broken]), [good, bad, broken], "A <title>", "note")
    checker = _Checker()
    checker.feed(text)
    assert not checker.open
    assert not checker.outside
    assert '<mark class="good">Bo</mark> &lt;b&gt;' in text
    assert '<mark class="bad">&quot;&lt;i&gt;Zed&quot;</mark>' in text
    assert "not &lt;json&gt;" in text
    assert "<i>" not in text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "no JSON"),
        ("[]", "no object"),
        ('{"text": 1, "schema": {}, "gold": 1}', "'text' must be a string"),
        ('{"text": "t", "schema": true, "gold": 1}', "'schema' must be an object"),
        ('{"text": "t", "schema": {}}', "'gold' is missing"),
        ('{"text": "t", "schema": {"type": "string"}, "gold": 1}', "gold value does not satisfy"),
        ('{"text": "t", "schema": {"type": "strin"}, "gold": 1}', "no JSON Schema"),
        ('{"id": "1", "text": "t", "schema": {}, "gold": 1}\n{"id": 1, "text": "t", "schema": {}, "gold": 1}', "twice"),
        ("\n", "has no task"),
    ],
)
def test_data_sets_that_make_no_sense(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text(line)
    with pytest.raises(InputError, match=message):
        read_tasks(file)


def test_tasks_come_back_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    assert write_tasks(file, TASKS) == 2
    assert read_tasks(file) == TASKS
    assert read_tasks(file, limit=1, splits=["dev"]) == [ANN]
    with pytest.raises(InputError, match="no task of train"):
        read_tasks(file, splits=["train"])


def test_the_command(tmp_path: Path) -> None:
    data, out = tmp_path / "data.jsonl", tmp_path / "out"
    write_tasks(data, TASKS)
    arguments = [
        "eval",
        str(data),
        "--method",
        "constrained",
        "--max-tokens",
        "24",
        "--threshold",
        "0.5",
        "-o",
        str(out),
    ]
    shown = CliRunner().invoke(app, [*arguments, "--quiet"])
    assert shown.exit_code == 0, shown.output
    assert "| dev | constrained | 1 | 1.000 |" in shown.stdout
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    written = (out / "results.jsonl").read_text()
    again = CliRunner().invoke(app, [*arguments, "--json"])
    figures = json.loads(again.stdout)
    assert [line["valid"] for line in figures["lines"]] == [1, 1]
    assert (out / "results.jsonl").read_text() == written
    shown = CliRunner().invoke(app, [*arguments, "--quiet", "--scaffold", "none", "--limit", "1", "--split", "dev"])
    assert "| dev | none | 1 | 1.000 |" in shown.stdout
    assert (out / "results.jsonl").read_text().startswith(written)
    assert CliRunner().invoke(app, [*arguments, "--scaffold", "magic"]).exit_code == 2
    unknown = CliRunner().invoke(app, ["eval", str(data), "--method", "magic"])
    assert unknown.exit_code == 2
    missing = CliRunner().invoke(app, ["eval", str(tmp_path / "none.jsonl")])
    assert missing.exit_code == 1


def test_caches_are_those_of_the_constrained_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, seen = tmp_path / "data.jsonl", {}
    write_tasks(data, TASKS)

    def noted(_model, _tasks, own, *_):
        seen.update({run.name: run.options for run in own})
        return []

    monkeypatch.setattr(running, "evaluate", noted)
    arguments = ["eval", str(data), "--method", "constrained", "--method", "unconstrained", "--cache", "dual"]
    CliRunner().invoke(app, [*arguments, "--cache-option", "block=8"])
    assert seen["constrained"]["cache"] == "dual"
    assert seen["constrained"]["cache_options"] == {"block": 8}
    assert "guide" not in seen["constrained"]
    assert "cache" not in seen["unconstrained"]
    assert CliRunner().invoke(app, ["eval", str(data), "--cache", "fridge"]).exit_code == 2


def test_known_answers_are_scored_and_nothing_is_answered(model: Model, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    assert running.known(TASKS, runs(), results) == []
    scored = evaluate(model, TASKS[:1], runs("constrained"), results)
    before = results.read_bytes()
    assert running.known(TASKS, runs(), results) == scored
    assert results.read_bytes() == before
