"""An output file that is only ever appended to, so that a job that was killed goes on behind its last whole record."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from latticework.batch.locking import lock
from latticework.errors import InputError


class Journal:
    """A file of JSON lines with one writer. Use as a context manager.

    Opening removes a last line that was cut off in the middle. Records that :meth:`append` has returned from are on the
    disk.

    Raises:
        InputError: the file cannot be opened, another job is writing to it, or a line of it is no JSON object.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("a+b")
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}") from None
        try:
            lock(self._file.fileno(), path)
            self._drop_torn_line()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def records(self) -> Iterator[dict[str, Any]]:
        """The records of the file, from the first on."""
        self._file.seek(0)
        for number, line in enumerate(self._file, 1):
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            if not isinstance(found, dict):
                raise InputError(f"{self._path}, line {number}: no record of a job; choose another output file")
            yield found

    def append(self, records: Iterable[dict[str, Any]]) -> None:
        """Write records and wait until they are on the disk."""
        data = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        self._file.write(data.encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def _drop_torn_line(self) -> None:
        size = self._file.seek(0, os.SEEK_END)
        end = size
        while end > 0:
            start = max(0, end - 65536)
            self._file.seek(start)
            newline = self._file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            self._file.truncate(end)
