"""Pictures of what happened: the denoising of a canvas as a page that replays it."""

from latticework.viz.trace import Trace as Trace
