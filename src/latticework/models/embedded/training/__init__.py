"""Makes the embedded model: record generator, tokenizer, training loop, evaluation. Not imported at inference."""
