"""Size limits: every one has a unit, a default and a cost; hitting one raises, it never decides a question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one grammar may cost. Exceeding one raises :class:`latticework.errors.LimitExceeded`.

    Attributes:
        max_schema_bytes: bytes of schema text (or pattern text) read; 4 MiB. Parsing JSON runs at about 50 MB/s.
        max_schema_nodes: subschemas lowered, references followed, each distinct combination counted once;
            100,000, about 20 microseconds and 1 KiB each.
        max_schema_depth: nesting of subschemas, references followed; 64 levels, about twelve frames
            of the Python stack each until the automaton is built.
        max_branches: alternatives of one subschema after its unions are multiplied out; 1,000.
        max_enum_values: values of one ``enum``; 100,000, about 2 microseconds each here and one path in a trie later.
        max_any_depth: nesting of containers where a schema admits any JSON value; 8 levels. The automaton
            doubles with each level.
        max_bound_digits: digits of an exact numeric bound; 40. Wider bounds count as none, because the
            digits of a number are capped below them.
        max_text_bytes: ``max_bytes`` of free text counted in bytes; 4,096, about 8 states each.
        max_nodes: nodes the automaton builder makes; 500,000, about 1 KiB each.
        max_states: states of one byte automaton; 250,000, about 1 KiB each while building. At most 2**20.
        max_cells: configurations (a state and its counts) of the lattice of one canvas, all its slots together; 2**30,
            two to six bytes each.
        max_chart_nodes: nodes of the lexical graph of a canvas under a context-free grammar; 4,000. A chart takes up to
            a microsecond and 64 bits for every pair of them.
        max_chart_rounds: charts for one question about such a canvas; 60.
        max_chart_pairs: pairs of nodes over all charts of one question; 50 million, a minute or two at most.
    """

    max_schema_bytes: int = 4 << 20
    max_schema_nodes: int = 100_000
    max_schema_depth: int = 64
    max_branches: int = 1_000
    max_enum_values: int = 100_000
    max_any_depth: int = 8
    max_bound_digits: int = 40
    max_text_bytes: int = 4_096
    max_nodes: int = 500_000
    max_states: int = 250_000
    max_cells: int = 1 << 30
    max_chart_nodes: int = 4_000
    max_chart_rounds: int = 60
    max_chart_pairs: int = 50_000_000

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.max_states > 1 << 20:
            raise ValueError(f"max_states is at most 2**20, got {self.max_states}")


DEFAULT_LIMITS = Limits()
