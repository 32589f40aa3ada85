"""Elastic schema scaffolds: the fixed text of a schema stands in the start canvas, the filler takes spare slots."""
