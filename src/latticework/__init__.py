"""Structured generation for diffusion language models."""
