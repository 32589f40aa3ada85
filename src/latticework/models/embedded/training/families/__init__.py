"""Schema families as data: what documents of a kind speak about, under which keys, in which words.

In every list of clauses the last quarter is held out of training ("templates" of the evaluation).
"""

from __future__ import annotations

from latticework.models.embedded.training.families.business import BUSINESS
from latticework.models.embedded.training.families.commerce import COMMERCE
from latticework.models.embedded.training.families.held_out import HELD_OUT_FAMILIES
from latticework.models.embedded.training.families.leisure import LEISURE
from latticework.models.embedded.training.families.operations import OPERATIONS
from latticework.models.embedded.training.families.people import PEOPLE
from latticework.models.embedded.training.families.schema import Choose, Family, Field
from latticework.models.embedded.training.families.travel import TRAVEL

TRAINED_FAMILIES: tuple[Family, ...] = (*COMMERCE, *BUSINESS, *PEOPLE, *TRAVEL, *OPERATIONS, *LEISURE)

__all__ = ["HELD_OUT_FAMILIES", "TRAINED_FAMILIES", "Choose", "Family", "Field"]
