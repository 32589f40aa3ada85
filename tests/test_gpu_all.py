"""The one command for a GPU: a part that fails or takes too long does not keep the others from running."""

from __future__ import annotations

from pathlib import Path

import gpu_all
import pytest


@pytest.mark.parametrize(
    ("program", "ended"),
    [
        ("print('done')", "well"),
        ("print('half', flush=True); raise SystemExit(3)", "exit status 3"),
        ("import time; print('half', flush=True); time.sleep(60)", "cut off"),
    ],
)
def test_how_a_part_ends(tmp_path: Path, program: str, ended: str) -> None:
    script, log = tmp_path / "part.py", tmp_path / "part.log"
    script.write_text(program)
    assert gpu_all.run([str(script)], 5.0, log) == ended
    assert log.read_text()


def test_parts_fit_into_nine_minutes_and_are_there() -> None:
    for _, device, trial, _ in gpu_all.PARTS:
        assert all((gpu_all.HERE / own[0]).exists() for own in (device, trial or device))
    assert sum(limit for *_, limit in gpu_all.PARTS) + 60 <= 600
