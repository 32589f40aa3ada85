"""The page on policies lists every policy, and its programs run."""

from __future__ import annotations

import re
from pathlib import Path

from latticework.diffusion.policies.registry import POLICIES

PAGE = (Path(__file__).parents[1] / "docs" / "policies.md").read_text(encoding="utf-8")


def test_every_policy_is_listed() -> None:
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == sorted(POLICIES)


def test_the_programs_run() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    exec("\n".join(blocks), {})
