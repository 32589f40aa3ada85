"""Latticework inside other programs. Each module needs the package it is named after, and nothing else does."""
