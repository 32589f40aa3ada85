"""Decoding policies: which slots of a valid completion to commit after a forward, and what to take back.

``contract`` says what a policy may ask and answer; every other module holds one published method. ``registry`` knows
them by name.
"""

from latticework.diffusion.policies.ascending import Ascending
from latticework.diffusion.policies.ccd import CCD
from latticework.diffusion.policies.contract import Policy, Resize, Rule, View, Whole, Written
from latticework.diffusion.policies.daedal import DAEDAL
from latticework.diffusion.policies.editing import Editing
from latticework.diffusion.policies.entropy_bound import EntropyBound
from latticework.diffusion.policies.eoser import EOSER
from latticework.diffusion.policies.ete import ETE
from latticework.diffusion.policies.factor import Factor
from latticework.diffusion.policies.first_hitting import FirstHitting
from latticework.diffusion.policies.freedave import FreeDave
from latticework.diffusion.policies.klass import KLASS
from latticework.diffusion.policies.learned import Learned
from latticework.diffusion.policies.local_leap import LocalLeap
from latticework.diffusion.policies.low_confidence import LowConfidence
from latticework.diffusion.policies.pc_sampler import PCSampler
from latticework.diffusion.policies.prophet import Prophet
from latticework.diffusion.policies.random_order import RandomOrder
from latticework.diffusion.policies.ranked import Entropy, Margin
from latticework.diffusion.policies.rcr import RCR
from latticework.diffusion.policies.remdm import ReMDM
from latticework.diffusion.policies.rho_eos import RhoEOS
from latticework.diffusion.policies.saber import Saber
from latticework.diffusion.policies.threshold import Threshold
from latticework.diffusion.policies.wino import WINO

__all__ = [
    "CCD",
    "DAEDAL",
    "EOSER",
    "ETE",
    "KLASS",
    "RCR",
    "WINO",
    "Ascending",
    "Editing",
    "Entropy",
    "EntropyBound",
    "Factor",
    "FirstHitting",
    "FreeDave",
    "Learned",
    "LocalLeap",
    "LowConfidence",
    "Margin",
    "PCSampler",
    "Policy",
    "Prophet",
    "RandomOrder",
    "ReMDM",
    "Resize",
    "RhoEOS",
    "Rule",
    "Saber",
    "Threshold",
    "View",
    "Whole",
    "Written",
]
