"""A job over a file of lines: every line answered exactly once, over as many runs as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latticework.batch.answers import answers, record
from latticework.batch.journal import Journal
from latticework.batch.lines import Line, read_lines
from latticework.errors import InputError, LatticeworkError
from latticework.models.result import Result

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar
    from latticework.models.model import Model


@dataclass(frozen=True, slots=True)
class Count:
    """Lines of a job: answered, refused, and how many of both an earlier run had done."""

    ok: int
    errors: int
    earlier: int


def run_lines(
    model: Model,
    source: Path,
    target: Path,
    grammar: Grammar | None,
    options: Mapping[str, Any],
    *,
    read_schema: Callable[[Any], Grammar],
    batch_size: int = 8,
    on_progress: Callable[[int, int], None] | None = None,
) -> Count:
    """Answer every line of ``source`` that ``target`` has no record of, and append the records.

    A record has ``line``, ``id``, ``status``, ``value``, ``confidence``, ``finish_reason``, ``error`` and ``input``,
    which tells whether the line, the grammar and the options are still the same. A line that cannot be answered has its
    ``error`` set and stops nothing; it is not tried again by a later run. Records of one batch are written together.

    Args:
        grammar: of lines without a schema of their own; ``None`` where all have one.
        options: keyword arguments of ``Model.generate``.
        read_schema: the grammar of the schema of a line.
        on_progress: called with lines done and lines in all, after every batch.

    Raises:
        InputError: a file cannot be read or written, another job writes to ``target``, or its records are those of
            other lines, another grammar or other options.
    """
    job = _digest(grammar, options)
    total = sum(1 for _ in read_lines(source))
    with Journal(target) as journal:
        done: dict[int, str] = {}
        errors = 0
        for found in journal.records():
            done[found.get("line", 0)] = found.get("input", "")
            errors += found.get("status") != "ok"
        waiting = _waiting(source, target, done, job)
        finished = len(done)
        if on_progress is not None:
            on_progress(finished, total)
        while batch := list(islice(waiting, batch_size)):
            results = _results(model, batch, grammar, options, read_schema)
            journal.append(
                {"line": line.number, "id": line.id, **record(result), "input": line.digest + job}
                for line, result in zip(batch, results, strict=True)
            )
            errors += sum(result.error is not None for result in results)
            finished += len(batch)
            if on_progress is not None:
                on_progress(finished, total)
    return Count(finished - errors, errors, len(done))


def _waiting(source: Path, target: Path, done: Mapping[int, str], job: str) -> Iterator[Line]:
    for line in read_lines(source):
        known = done.get(line.number)
        if known is None:
            yield line
        elif known != line.digest + job:
            raise InputError(
                f"{target} holds a record of line {line.number} of another input, or made with another schema or other "
                "options: choose another output file"
            )


def _results(
    model: Model,
    batch: Sequence[Line],
    grammar: Grammar | None,
    options: Mapping[str, Any],
    read_schema: Callable[[Any], Grammar],
) -> list[Result]:
    results: dict[int, Result] = {}
    asked: list[tuple[Line, Any]] = []
    for line in batch:
        try:
            asked.append((line, _grammar(line, grammar, read_schema)))
        except LatticeworkError as error:
            results[line.number] = Result.failed(error)
    found = answers(model, [line.text for line, _ in asked], [own for _, own in asked], options) if asked else []
    results |= {line.number: result for (line, _), result in zip(asked, found, strict=True)}
    return [results[line.number] for line in batch]


def _grammar(line: Line, grammar: Grammar | None, read_schema: Callable[[Any], Grammar]) -> Grammar:
    if line.error is not None:
        raise line.error
    if line.schema is not None:
        return read_schema(line.schema)
    if grammar is None:
        raise InputError("the line has no schema, and neither has the job")
    return grammar


def _digest(grammar: Grammar | None, options: Mapping[str, Any]) -> str:
    found = blake2b(b"" if grammar is None else grammar.digest, digest_size=4)
    found.update(repr(sorted((name, value) for name, value in options.items() if value is not None)).encode())
    return found.hexdigest()
