"""A pydantic class in, an object of it out: ``python examples/quickstart.py``."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

import latticework as lw


class Invoice(BaseModel):
    invoice_number: str
    vendor: str
    total: float
    due_date: date
    paid: bool


TEXT = """Hello Ms Brandt, this is invoice KL-2093 for the repair of your bicycle. The new chain and both brakes
come to 118.40 in total. Please pay by 2026-04-17; so far we have not received any payment.
Greetings from Radhaus Nord"""

model = lw.load("embedded")
result = model.generate(TEXT, Invoice)

print(repr(result.value))
print(f"{result.forwards} forwards for {len(result.tokens)} tokens")
for field in Invoice.model_fields:
    print(f"  {field}: confidence {result.confidence['/' + field]:.2f}")
