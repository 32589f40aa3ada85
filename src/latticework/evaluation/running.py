"""Runs methods over tasks; answers go to an append-only file, so that a run that was killed goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from latticework.errors import InputError
from latticework.evaluation.alignment import MISSING
from latticework.evaluation.dataset import Task
from latticework.evaluation.methods import METHODS, Answer, parse
from latticework.evaluation.scoring import Score, score

if TYPE_CHECKING:
    from latticework.batch.journal import Journal
    from latticework.models.model import Model

BATCH = 8  # tasks that are answered together, and lost when a run is killed


@dataclass(frozen=True, slots=True)
class Run:
    """One method with its options, under the name that tables show."""

    name: str
    method: str
    options: Mapping[str, Any]
    settings: str  # what tells this run from others of the same name: model, options

    @classmethod
    def of(cls, method: str, model: str, options: Mapping[str, Any], name: str | None = None) -> Self:
        """A run of ``method`` with a model loaded as ``model``; ``name`` is that of the method by default."""
        settings = json.dumps([model, {key: repr(value) for key, value in sorted(options.items())}])
        return cls(name or method, method, options, settings)

    def key(self, task: Task) -> str:
        """Of an answer in the file of results: changes with the task, the method and what it was given."""
        whole = json.dumps([asdict(task), self.name, self.method, self.settings], sort_keys=True)
        return blake2b(whole.encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Scored:
    """An answer beside its task."""

    run: str
    task: Task
    answer: Answer
    output: Any  # MISSING where the answer is no JSON
    score: Score


def evaluate(
    model: Model,
    tasks: Sequence[Task],
    runs: Sequence[Run],
    results: Path | None = None,
    on_progress: Callable[[int], None] = lambda count: None,
) -> list[Scored]:
    """Answer and score every task with every run.

    Args:
        model: what is measured.
        tasks: the data set.
        runs: in which ways.
        results: file of JSON lines to append to; what it already holds is not answered again.
        on_progress: called with the number of answers that have come since.

    Raises ``InputError`` where the file cannot be written or is none of these, or a method does not suit the model.
    """
    scored: list[Scored] = []
    with ExitStack() as stack:
        journal = None if results is None else stack.enter_context(_open(results))
        known = {} if journal is None else dict(_read(results, record) for record in journal.records())
        for run in runs:
            answers = dict(_known(run, tasks, known))
            on_progress(len(answers))
            waiting = [task for task in tasks if task.id not in answers]
            for start in range(0, len(waiting), BATCH):
                part = waiting[start : start + BATCH]
                found = METHODS[run.method](model, part, run.options)
                answers.update(zip((task.id for task in part), found, strict=True))
                if journal is not None:
                    journal.append(
                        {"key": run.key(task), "run": run.name, "id": task.id, **asdict(answer)}
                        for task, answer in zip(part, found, strict=True)
                    )
                on_progress(len(part))
            scored += [score_answer(run.name, task, answers[task.id]) for task in tasks]
    return scored


def known(tasks: Sequence[Task], runs: Sequence[Run], results: Path) -> list[Scored]:
    """The scores of what ``results`` holds already; nothing is answered. Raises ``InputError`` as :func:`evaluate`."""
    with _open(results) as journal:
        answers = dict(_read(results, record) for record in journal.records())
    found = {task.id: task for task in tasks}
    return [score_answer(run.name, found[name], answer) for run in runs for name, answer in _known(run, tasks, answers)]


def score_answer(run: str, task: Task, answer: Answer) -> Scored:
    """Score one answer; valid means valid for ``jsonschema`` with formats, whatever the engine thinks."""
    output = MISSING if answer.error is not None else parse(answer.text)
    valid = output is not MISSING and _is_valid(output, task.schema)
    found = score(output, task.gold, task.text, task.schema, valid=valid, confidence=answer.confidence)
    return Scored(run, task, answer, output, found)


def _is_valid(value: Any, schema: dict[str, Any]) -> bool:
    import jsonschema
    from jsonschema.validators import validator_for

    kind: Any = validator_for(schema, default=jsonschema.Draft202012Validator)
    return kind(schema, format_checker=kind.FORMAT_CHECKER).is_valid(value)


def _open(results: Path) -> Journal:
    from latticework.batch.journal import Journal

    try:
        results.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {results}: {error.strerror}") from None
    return Journal(results)


def _read(results: Path | None, record: dict[str, Any]) -> tuple[str, Answer]:
    try:
        return record["key"], Answer(**{name: record[name] for name in Answer.__dataclass_fields__})
    except KeyError as error:
        raise InputError(f"{results} is no file of results: a record lacks {error}; choose another folder") from None


def _known(run: Run, tasks: Sequence[Task], known: Mapping[str, Answer]) -> Iterator[tuple[str, Answer]]:
    for task in tasks:
        answer = known.get(run.key(task))
        if answer is not None:
            yield task.id, answer
