"""Jobs that end with every input answered once, however often they are killed on the way.

Workers may die: Ray starts others and gives them the batches that were lost. The process that started the job may die,
too: answers are written by it alone, part file after part file, each put in its place whole. The next run reads the
keys of the parts that are there and works on the others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from latticework.batch.locking import lock
from latticework.errors import InputError

if TYPE_CHECKING:
    import pyarrow
    from ray.data import Dataset

    from latticework.integrations.ray.processor import Processor

Format = Literal["parquet", "jsonl"]
_ABOUT = ".job.json"  # readers of a folder pass over names with a dot in front


@dataclass(frozen=True, slots=True)
class JobCount:
    """Rows written by this run, how many of them have the status ``"error"``, rows that earlier runs had written."""

    written: int
    errors: int
    earlier: int


def run_job(
    dataset: Dataset,
    processor: Processor,
    output: str | Path,
    *,
    key: str,
    file_format: Format = "parquet",
    rows_per_file: int = 256,
    on_progress: Callable[[int, int], None] | None = None,
) -> JobCount:
    """Answer all rows of ``dataset`` that have no answer in the folder ``output`` yet.

    Args:
        dataset: rows with a column ``key`` that tells them apart (text or numbers), also after the processor.
        processor: of :func:`build_processor`.
        output: a folder on the machine that runs this, made where there is none. Parts are called
            ``part-000000.parquet`` (or ``.jsonl``) and so on.
        rows_per_file: rows of a part. A kill costs the work on rows that are not in a part yet.
        on_progress: called with rows answered and rows in all, first and after every part.

    Raises:
        InputError: two rows have the same key or one has none, another job writes to ``output``, a part cannot be
            written, or the answers there were made by a processor with another configuration.
    """
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as guard:
        lock(guard.fileno(), folder)
        _check_about(folder, {"key": key, "format": file_format, "configuration": processor.config.digest})
        parts = sorted(folder.glob(f"part-*.{file_format}"))
        known = {found for part in parts for found in _keys(part, key, file_format)}
        earlier, errors = len(known), 0
        total = dataset.count() if on_progress is not None else 0
        if on_progress is not None:
            on_progress(earlier, total)
        place = 1 + max((int(part.stem.removeprefix("part-")) for part in parts), default=-1)
        answered = processor(_waiting(dataset, key, known)).iter_batches(
            batch_size=rows_per_file, batch_format="pyarrow"
        )
        with _consumed(answered) as tables:
            for table in tables:
                _add_keys(known, table.column(key).to_pylist(), key)
                errors += table.column("status").to_pylist().count("error") if "status" in table.column_names else 0
                _write(table, folder / f"part-{place:06}.{file_format}", file_format)
                place += 1
                if on_progress is not None:
                    on_progress(len(known), total)
    return JobCount(len(known) - earlier, errors, earlier)


def _add_keys(known: set[Any], keys: list[Any], name: str) -> None:
    """Raises ``InputError`` unless all of them are new."""
    for found in keys:
        is_none = found is None or found != found  # NaN stands for a missing number
        if is_none or found in known:
            problem = "no key" if is_none else f"the key {found!r}, as another one"
            raise InputError(f"a row has {problem}; {name!r} must tell rows apart")
        known.add(found)


def _check_about(folder: Path, about: dict[str, str]) -> None:
    path = folder / _ABOUT
    if not path.exists():
        _put(path, json.dumps(about).encode())
    elif json.loads(path.read_text(encoding="utf-8")) != about:
        raise InputError(f"{folder} holds answers of another configuration, key or format: choose another folder")


@contextmanager
def _consumed(batches: Iterable[Any]) -> Iterator[Iterator[Any]]:
    """The batches; when they are left early, workers are let go at once and not when the collector comes by."""
    iterator = iter(batches)
    try:
        yield iterator
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


def _waiting(dataset: Dataset, key: str, known: set[Any]) -> Dataset:
    """The rows whose key is not among the known ones."""
    if not known:
        return dataset
    import ray

    done = ray.put(frozenset(known))  # once, where all workers find it

    def without(batch: Any) -> Any:
        keys = ray.get(done)
        waiting = np.array([found not in keys for found in batch[key].tolist()], dtype=np.bool_)
        return {name: column[waiting] for name, column in batch.items()}

    return dataset.map_batches(without)


def _keys(part: Path, key: str, file_format: Format) -> Iterator[Any]:
    if file_format == "jsonl":
        with part.open(encoding="utf-8") as lines:
            yield from (json.loads(line)[key] for line in lines)
        return
    from pyarrow import parquet

    yield from parquet.read_table(part, columns=[key]).column(key).to_pylist()


def _write(table: pyarrow.Table, path: Path, file_format: Format) -> None:
    if file_format == "jsonl":
        rows = (json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in table.to_pylist())
        _put(path, "".join(rows).encode())
        return
    import pyarrow
    from pyarrow import parquet

    # A part in which nothing failed has nothing but nulls for errors; all parts must have the same types.
    fields = [field.with_type(pyarrow.string()) if field.type == pyarrow.null() else field for field in table.schema]
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(table.cast(pyarrow.schema(fields)), sink)
    _put(path, sink.getvalue().to_pybytes())


def _put(path: Path, data: bytes) -> None:
    """A file that is there as a whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise InputError(f"cannot write {path}: {error.strerror}; what is in parts already is kept") from None
