"""What there is to say about a schema that is being lowered: issues, warnings, narrowings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latticework.errors import SchemaIssue

if TYPE_CHECKING:
    from latticework.grammar.json_schema.document import Subschema


class Reports:
    """Everything found so far, in order, each thing once.

    Attributes:
        widen: what is unsupported is dropped with a warning.
        issues: what is wrong or unsupported.
        unsatisfiable: schemas that no value satisfies.
        warnings: what is ignored.
        narrowings: documents that are left out on purpose.
        places_of_orders: of unordered nodes, by their digests: where they are, and the orders that automata have,
            ``None`` for all of them.
    """

    def __init__(self, widen: bool) -> None:
        self.widen = widen
        self.issues: dict[SchemaIssue, None] = {}
        self.unsatisfiable: dict[SchemaIssue, None] = {}
        self.warnings: dict[str, None] = {}
        self.narrowings: dict[str, None] = {}
        self.places_of_orders: dict[bytes, tuple[str, str | None]] = {}

    def refuse(self, place: Subschema, keyword: str, message: str, hint: str = "") -> None:
        """Reports something unsupported: an issue, or under ``widen`` a warning that it is dropped."""
        issue = SchemaIssue(place.place, keyword, message, hint)
        if self.widen:
            self.warnings[f"dropped {issue}"] = None
        else:
            self.issues[issue] = None

    def malformed(self, place: Subschema, keyword: str, expected: str, hint: str = "") -> None:
        """Reports a keyword whose value is not what the standard asks for."""
        message = f"must be {expected}, not {place.schema.get(keyword)!r:.60}"
        self.issues[SchemaIssue(place.place, keyword, message, hint)] = None

    def malformed_schema(self, place: Subschema) -> None:
        """Reports something that is no schema at all."""
        message = f"a schema is an object or a boolean, not {place.schema!r:.60}"
        self.issues[SchemaIssue(place.place, "", message)] = None

    def dead(self, place: Subschema, keyword: str, message: str) -> None:
        """Notes that no value satisfies the schema at ``place``."""
        self.unsatisfiable[SchemaIssue(place.place, keyword, message, "no value satisfies this schema")] = None

    def warn(self, message: str) -> None:
        self.warnings[message] = None

    def narrow(self, message: str) -> None:
        self.narrowings[message] = None

    def settle_orders(self, digests: set[bytes]) -> None:
        """Report that these unordered nodes, by their digests, are in the order of the schema."""
        for digest in digests.intersection(self.places_of_orders):
            where, _ = self.places_of_orders.pop(digest)
            self.narrow(f"at {where}: keys in the order of the schema, beside alternatives any order is too large")

    @property
    def order_narrowings(self) -> tuple[str, ...]:
        """What is left out where the other unordered nodes have to be automata."""
        return tuple(
            f"at {where}: keys in the order of the schema{orders}, the object is large"
            for where, orders in dict.fromkeys(self.places_of_orders.values())
            if orders is not None
        )
