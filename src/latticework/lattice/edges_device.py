"""Edge tables of a lattice on a device, copied once per layout, and where the kernels find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.lattice import lattice_triton as kernels
from latticework.lattice.edges import EdgeTables, Rows
from latticework.lattice.reduction import upload

if TYPE_CHECKING:
    import torch

    from latticework.lattice.layout import Layout
    from latticework.lattice.scoring import ClassTable


@dataclass(frozen=True, eq=False, slots=True)
class TableCopy:
    """Edge tables on one device, and their part of a description.

    Attributes:
        host: the tables.
        kept: their tensors.
        pointers: addresses by field.
        groups: fields of all groups of rows.
    """

    host: EdgeTables
    kept: list[torch.Tensor]
    pointers: dict[str, int]
    groups: list[int]

    @classmethod
    def of(cls, layout: Layout, table: ClassTable, device: torch.device) -> TableCopy:
        """The copy of a layout on a device; made once."""
        found = layout.copies.get(str(device))
        if found is None:
            found = layout.copies.setdefault(str(device), cls._make(EdgeTables.of(layout, table), device))
        return found

    @classmethod
    def _make(cls, host: EdgeTables, device: torch.device) -> TableCopy:
        kept: list[torch.Tensor] = []

        def put(values: NDArray[Any]) -> int:
            # Something to point to even where there is nothing.
            kept.append(upload(np.ascontiguousarray(values) if values.size else np.zeros(2, np.int32), device))
            return kept[-1].data_ptr()

        pointers = {"origin": put(host.origin)}
        for name in ("origin", "source", "label"):
            begin, end = getattr(host, f"{name}_range")
            pointers |= {f"{name}_begin": put(begin), f"{name}_end": put(end)}
        groups: list[int] = []
        for name in kernels.GROUPS:
            rows: Rows = getattr(host, name)
            groups += [put(rows.row), put(rows.begin), put(rows.end), put(rows.entries), *rows.tiles]
        return cls(host, kept, pointers, groups)

    def tiles(self, name: str) -> int:
        """Tiles of a group."""
        return sum(getattr(self.host, name).tiles)
