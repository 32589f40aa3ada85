"""The page on policies lists every policy and cache, and its programs run."""

from __future__ import annotations

import re

from page_programs import DOCS, running

from latticework.diffusion.caches import STRATEGIES
from latticework.diffusion.policies.registry import POLICIES

PAGE = (DOCS / "policies.md").read_text(encoding="utf-8")


def test_every_policy_and_cache_is_listed() -> None:
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == sorted([*POLICIES, *STRATEGIES])


def test_the_programs_run() -> None:
    texts = running(DOCS / "policies.md")
    assert len(texts) == 4
    exec("\n".join(texts), {})
