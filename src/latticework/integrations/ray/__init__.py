"""Ray Data: a stage for ``map_batches``, a processor with actors, GPUs and retries, and jobs that go on after a kill.

Needs the extra ``ray`` (``pip install latticework[ray]``).
"""

from __future__ import annotations

from latticework.integrations.ray.job import JobCount, run_job
from latticework.integrations.ray.processor import Processor, ProcessorConfig, build_processor
from latticework.integrations.ray.stage import LatticeworkStage

__all__ = ["JobCount", "LatticeworkStage", "Processor", "ProcessorConfig", "build_processor", "run_job"]
