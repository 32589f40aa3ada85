"""Families."""

from __future__ import annotations

from latticework.models.embedded.training.families.schema import Family

LEISURE: tuple[Family, ...] = ()
