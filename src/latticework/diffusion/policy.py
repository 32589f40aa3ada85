"""Policies as users of the loop name them: the contract, the methods used most, and policies by name."""

from latticework.diffusion.policies import EntropyBound, LowConfidence, Threshold
from latticework.diffusion.policies.contract import Policy, View, most_confident
from latticework.diffusion.policies.registry import POLICIES, choose_policy, make_policy

__all__ = [
    "POLICIES",
    "EntropyBound",
    "LowConfidence",
    "Policy",
    "Threshold",
    "View",
    "choose_policy",
    "make_policy",
    "most_confident",
]
