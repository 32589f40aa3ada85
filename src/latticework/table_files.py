"""Compiled tables as bytes: a header in JSON, then the arrays as they lie in memory, then a checksum.

Only the classes listed here are written and read, field by field; nothing in a file is executed. The layout:

====== ==================================================================
bytes  what
====== ==================================================================
8      ``LWTABLES``
4      length h of the header, unsigned, little-endian
h      header: key of the tables, and their fields
.      arrays, each from a multiple of 64 bytes on
4      CRC-32 of everything before, unsigned, little-endian
====== ==================================================================
"""

from __future__ import annotations

import json
import sys
import zlib
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latticework.automata.automaton import ByteAutomaton, Calls
from latticework.automata.lexer import Lexer
from latticework.automata.rules import Rules
from latticework.lattice.chart.language import Derived
from latticework.lattice.chart.tables import SlotTables
from latticework.tokens.automaton import TokenAutomaton
from latticework.tokens.lexical import LexicalTables

Tables: TypeAlias = "TokenAutomaton | tuple[Rules, LexicalTables, Derived]"

MAGIC = b"LWTABLES"
_WRITTEN = (ByteAutomaton, Calls, Lexer, Rules, TokenAutomaton, LexicalTables, Derived, SlotTables)
_CLASSES = {kind.__name__: kind for kind in _WRITTEN}
_DTYPES = {str(np.dtype(kind)): np.dtype(kind) for kind in (np.bool_, np.uint8, np.int32, np.int64, np.uint64)}
_ALIGNMENT = 64


class BadFile(Exception):
    """A file that is damaged, or holds other tables than those asked for."""


def to_bytes(tables: Tables, key: str) -> bytes:
    """The file of tables, with what they are found by."""
    arrays: dict[int, NDArray[Any]] = {}  # by identity: some stand in several tables
    parts = tables if isinstance(tables, tuple) else (tables,)
    described = [_described(part, arrays) for part in parts]
    header = json.dumps({"key": key, "order": sys.byteorder, "tables": described}, separators=(",", ":")).encode()
    out = bytearray(MAGIC + len(header).to_bytes(4, "little") + header)
    for array in arrays.values():
        out += bytes(-len(out) % _ALIGNMENT)
        out += array.tobytes()
    out += zlib.crc32(out).to_bytes(4, "little")
    return bytes(out)


def from_bytes(data: bytearray, key: str) -> Tables:
    """The tables of a file; their arrays share its memory.

    Raises:
        BadFile: anything is wrong with it.
    """
    start = len(MAGIC) + 4
    if len(data) < start + 4 or data[: len(MAGIC)] != MAGIC:
        raise BadFile("no tables")
    if zlib.crc32(memoryview(data)[:-4]) != int.from_bytes(data[-4:], "little"):
        raise BadFile("damaged")
    behind = start + int.from_bytes(data[len(MAGIC) : start], "little")
    try:
        header = json.loads(data[start:behind])
        if header["key"] != key or header["order"] != sys.byteorder:
            raise BadFile("other tables")
        found = _Reader(data, behind).tables(header["tables"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BadFile(str(error)) from None
    return found[0] if len(found) == 1 else tuple(found)  # pyright: ignore[reportReturnType]


def _described(value: Any, arrays: dict[int, NDArray[Any]]) -> Any:
    """A value in JSON, its arrays left out and listed in ``arrays``."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, np.ndarray):
        if str(value.dtype) not in _DTYPES:
            raise TypeError(f"arrays of {value.dtype} are not written")
        if id(value) in arrays:
            return {"same": list(arrays).index(id(value))}
        arrays[id(value)] = value
        return {"array": str(value.dtype), "shape": list(value.shape)}
    name = type(value).__name__
    if name not in _CLASSES:
        raise TypeError(f"{name} is not written")
    return {"class": name, "fields": [_described(getattr(value, field), arrays) for field in _field_names(type(value))]}


def _field_names(kind: Any) -> list[str]:
    """The fields that make an instance; those that are worked out later begin with an underscore."""
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind._fields)
    return [name for name in names if not name.startswith("_")]


class _Reader:
    def __init__(self, data: bytearray, at: int) -> None:
        self.data = data
        self.at = at
        self.arrays: list[NDArray[Any]] = []

    def tables(self, described: list[Any]) -> list[Any]:
        found = [self._value(part) for part in described]
        if self.at != len(self.data) - 4:
            raise BadFile("more or fewer bytes than its arrays have")
        return found

    def _value(self, described: Any) -> Any:
        if not isinstance(described, dict):
            return described
        if "same" in described:
            return self.arrays[described["same"]]
        if "array" in described:
            self.arrays.append(self._array(_DTYPES[described["array"]], described["shape"]))
            return self.arrays[-1]
        kind = _CLASSES[described["class"]]
        values = [self._value(part) for part in described["fields"]]
        return kind(**dict(zip(_field_names(kind), values, strict=True)))

    def _array(self, dtype: np.dtype[Any], shape: list[int]) -> NDArray[Any]:
        self.at += -self.at % _ALIGNMENT
        count = int(np.prod(shape, dtype=np.int64))
        found = np.frombuffer(self.data, dtype, count, self.at).reshape(shape)
        self.at += found.nbytes
        return found
