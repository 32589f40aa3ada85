"""An output file that is only ever appended to, so that a job that was killed goes on behind its last whole record."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from latticework.batch.locking import lock
from latticework.errors import InputError


class Journal:
    """A file of JSON lines with one writer. Use as a context manager.

    Opening removes a last line that was cut off in the middle. Records that :meth:`append` has returned from are on the
    disk, whatever happens to later ones.

    Raises:
        InputError: the file cannot be opened or written, another job is writing to it, or a line of it is no JSON
            object.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("a+b", buffering=0)
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}") from None
        if not stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            self._file.close()
            raise InputError(f"{path} is no file: a job reads again what it has written")
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
        with self._path.open("rb") as lines:
            yield from self._read(lines)

    def _read(self, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(lines, 1):
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            if not isinstance(found, dict):
                raise InputError(f"{self._path}, line {number}: no record of a job; choose another output file")
            yield found

    def append(self, records: Iterable[dict[str, Any]]) -> None:
        """Write records and wait until they are on the disk: all of them, or none where there is no room."""
        data = memoryview("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode())
        size = self._file.seek(0, os.SEEK_END)
        try:
            while data:
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(size)
            raise InputError(f"cannot write {self._path}: {error.strerror}") from None

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
