"""How right an extraction is: data sets of (text, schema, gold), scores, reports."""
