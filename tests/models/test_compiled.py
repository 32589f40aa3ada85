"""Networks of checkpoints under ``torch.compile``, and what of a forward would wait for a device."""

from __future__ import annotations

import pytest
import torch
from tiny_checkpoints import FAMILIES
from waiting import Reads, Waits

import latticework as lw


def test_a_compiled_network_gives_the_same_logits(tmp_path):
    """Traced as one graph, without a break."""
    FAMILIES["sdar"](tmp_path)
    plain, compiled = lw.load(tmp_path), lw.load(tmp_path)
    graphs: list[torch.fx.GraphModule] = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    compiled.backend.compile(backend=backend, fullgraph=True)  # pyright: ignore
    with torch.inference_mode():
        ids = torch.randint(5, 20, (3, 12), generator=torch.Generator().manual_seed(0))
        seen = torch.ones_like(ids, dtype=torch.bool)
        seen[0, :3] = False
        torch.testing.assert_close(compiled.backend.forward(ids, seen, 6), plain.backend.forward(ids, seen, 6))
    assert len(graphs) == 1


@pytest.mark.parametrize("family", ["llada", "dream", "sdar"])
def test_a_forward_waits_for_nothing(tmp_path, family):
    FAMILIES[family](tmp_path)
    model = lw.load(tmp_path)
    ids = torch.randint(5, 20, (2, 12), generator=torch.Generator().manual_seed(0))
    seen = torch.ones_like(ids, dtype=torch.bool)
    seen[0, :3] = False
    with Reads() as reads, Waits() as waits:
        model.backend.forward(ids, seen, 6)
    assert reads.found == waits.found == {}
