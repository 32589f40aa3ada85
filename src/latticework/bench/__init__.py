"""Measurements that ship with the package: ``latticework bench``."""
