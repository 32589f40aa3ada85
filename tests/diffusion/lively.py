"""Options of policies under which something happens on canvases of a few slots."""

from __future__ import annotations

from typing import Any

LIVELY: dict[str, dict[str, Any]] = {
    "rho-eos": {"start_slots": 3},
    "daedal": {"start_slots": 3, "growth": 2, "lost": 0.9, "end_window": 2},
    "remdm": {"eta": 0.5, "schedule": "rescale"},
    "wino": {"accept": 0.2, "canvases": 2},
    "editing": {"edit_above": 0.1, "threshold": 0.9},
    "klass": {"threshold": 0.2, "kl": 1.0, "history": 1},
    "prophet": {"late": 0.5},
    "first-hitting": {"steps": 3},
    "entropy": {"alg_temp": 0.5},
    "ccd": {"expand": 2.0},
}
