"""Compiled tables kept in a folder, for processes that start often.

A file is found by the grammar's language, the limits, the vocabulary, and the version of the library together with the
text of the modules that make tables. What is damaged, or cannot be read or written, counts as not there.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from latticework.grammar.ir import Node
from latticework.table_files import BadFile, Tables, from_bytes, to_bytes

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar
    from latticework.grammar.limits import Limits
    from latticework.tokens.vocabulary import Vocabulary

FOLDER_VARIABLE = "LATTICEWORK_CACHE"
BYTES_VARIABLE = "LATTICEWORK_CACHE_BYTES"
DEFAULT_BYTES = 1 << 30
_SUFFIX = ".tables"
_PART = ".part"  # a file that is being written
_PART_SECONDS = 3600  # after which its writer is taken for dead
# What decides which tables a grammar has.
_MAKERS = (
    "automata",
    "tokens",
    *(f"lattice/chart/{name}.py" for name in ("tables", "words", "language", "dominance", "kernels_dominance")),
    "table_files.py",
)


class TableCache:
    """Files of tables in a folder, the least recently used ones dropped beyond a size. Processes may share one.

    Attributes:
        folder: made when first written to.
        max_bytes: of all files together.
    """

    def __init__(self, folder: str | os.PathLike[str], max_bytes: int = DEFAULT_BYTES) -> None:
        self.folder = Path(folder)
        self.max_bytes = max_bytes

    def get(self, key: str, make: Callable[[], Tables]) -> Tables:
        """The tables of a key, from their file if there is a good one, else made now and written.

        Raises what ``make`` raises, and nothing else.
        """
        path = self.folder / (key + _SUFFIX)
        found = self._read(path, key)
        if found is None:
            found = make()
            self._write(path, to_bytes(found, key))
        return found

    def _read(self, path: Path, key: str) -> Tables | None:
        try:
            with path.open("rb") as file:
                data = bytearray(os.fstat(file.fileno()).st_size)
                size = file.readinto(data)
            found = from_bytes(data[:size] if size < len(data) else data, key)
        except (OSError, BadFile):
            return None
        with suppress(OSError):
            os.utime(path)  # used now
        return found

    def _write(self, path: Path, data: bytes) -> None:
        if len(data) > self.max_bytes:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished, name = mkstemp(dir=self.folder, prefix=path.stem, suffix=_PART)
            try:
                with os.fdopen(unfinished, "wb") as file:
                    file.write(data)
                os.replace(name, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise
            self._make_room(path)
        except OSError as error:
            warnings.warn(f"compiled tables cannot be kept in {self.folder}: {error}", RuntimeWarning, stacklevel=2)

    def _make_room(self, newest: Path) -> None:
        """Drop what killed writers have left, then the files that were not used for longest, until the rest is small
        enough."""
        for path in self.folder.glob("*" + _PART):
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - _PART_SECONDS:
                    path.unlink()
        used: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("*" + _SUFFIX):
            with suppress(OSError):
                facts = path.stat()
                used.append((facts.st_mtime if path != newest else float("inf"), facts.st_size, path))
        size = sum(own for _, own, _ in used)
        for _, own, path in sorted(used):
            if size <= self.max_bytes:
                return
            with suppress(OSError):
                path.unlink()
            size -= own


def cache_of(folder: str | os.PathLike[str] | None) -> TableCache | None:
    """The cache in a folder, by default in that of the environment variable ``LATTICEWORK_CACHE``; ``None`` without.

    ``LATTICEWORK_CACHE_BYTES`` bounds its size; a value that is no number counts as none.
    """
    chosen = os.environ.get(FOLDER_VARIABLE) if folder is None else folder
    if not chosen:
        return None
    size = os.environ.get(BYTES_VARIABLE, "")
    return TableCache(chosen, int(size) if size.isdecimal() else DEFAULT_BYTES)


def key_of(language: Grammar | Node, vocabulary: Vocabulary, limits: Limits) -> str:
    """What tables of a grammar, or of one regular language that it asks, are found by, in hexadecimal digits."""
    found = blake2b(digest_size=20)
    kind = b"node" if isinstance(language, Node) else bytes([language.context_free is None])
    for part in (_makers(), language.digest, vocabulary.digest, repr(limits).encode(), kind):
        found.update(len(part).to_bytes(4, "little") + part)
    return found.hexdigest()


@cache
def _makers() -> bytes:
    """The version of the library, and a digest of the modules that make tables."""
    from latticework import __version__

    found = blake2b(__version__.encode(), digest_size=16)
    package = Path(__file__).parent
    for name in _MAKERS:
        path = package / name
        for module in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            with suppress(OSError):
                found.update(module.name.encode() + module.read_bytes())
    return found.digest()
