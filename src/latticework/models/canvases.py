"""A checkpoint that denoises one canvas of random tokens after another (DiffusionGemma), in the denoising loop."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError
from latticework.models.base import Traits
from latticework.models.checkpoint import memory_errors

if TYPE_CHECKING:
    import torch

    from latticework.diffusion.caches.reader import Reader
    from latticework.models.prompting import PromptFormat
    from latticework.tokens.vocabulary import Vocabulary

_CONTEXTS_KEPT = 16  # encoder caches; one holds keys and values of a whole prompt


class CanvasModel:
    """An encoder that reads what is finished, a decoder that denoises the canvas behind it.

    The decoder sees one canvas of ``traits.block`` slots, the one with the first open slot: open slots hold random
    tokens, drawn anew in every forward from a generator seeded by what is fixed, so that equal canvases have equal
    logits. Where the last canvas is shorter than the network's, it is followed by pad, as a finished answer is. Rows of
    later canvases are 0: the network cannot see them yet, so ``Request.seen`` keeps commits out of them.

    Committed tokens are final here, whereas the authors' sampler draws all of a canvas again until its last step, and
    hands the logits of a step to the next; for their sampler see ``latticework.integrations.transformers``.

    Rows go through the network one by one. Encoder caches of the contexts seen last are kept; the model may be shared
    between threads.
    """

    def __init__(
        self,
        name: str,
        network: Any,
        tokenizer: Any,
        vocabulary: Vocabulary,
        traits: Traits,
        prompts: PromptFormat,
        mask_id: int,
        device: torch.device,
    ) -> None:
        assert traits.block is not None
        self.name = name
        self.vocabulary = vocabulary
        self.traits = traits
        self.mask_id = mask_id
        self.device = device
        self.max_positions: int | None = network.config.get_text_config(decoder=True).max_position_embeddings
        self.block_length: int | None = traits.block
        self.tokenizer = tokenizer
        self.prompts = prompts
        self._network = network
        self._canvas = traits.block
        self._pad = (vocabulary.ids("pad") or vocabulary.ids("eos"))[0]
        self._contexts: OrderedDict[bytes, Any] = OrderedDict()
        self._lock = Lock()

    def reader(self) -> Reader:
        """Raises ``InputError``: the encoder's cache is kept as it is, and noise is drawn anew in every forward."""
        raise InputError(
            f"cache= is not for {self.name}: what its encoder has read is kept anyway, and its canvas holds other "
            "random tokens in every forward, so nothing of it can be kept"
        )

    def encode_prompt(self, prompt: str, schema: dict[str, Any] | None) -> list[int]:
        """One user turn of the chat template, or the plain text where the tokenizer has none."""
        return self.prompts.encode(prompt, schema)

    def decode_prompt(self, ids: Sequence[int]) -> str:
        """The prompt as text, with the special tokens of the chat template."""
        return self.prompts.decode(ids)

    def encode_text(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False)

    def unconditional(self, prompt: Sequence[int]) -> list[int]:
        """The bare start of a text, in place of a prompt with nothing in it: the noise of this model is no token."""
        return self.prompts.encode("")

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        """Logits [B, keep, V] float32 where the canvases are the last ``keep`` positions of every row."""
        import torch

        rows = [row[real].numpy() for row, real in zip(ids, attention, strict=True)]
        return torch.stack(
            self.forward_canvases([row[:-keep].tolist() for row in rows], [row[len(row) - keep :] for row in rows])
        )

    def forward_canvases(
        self, prompts: Sequence[Sequence[int]], canvases: Sequence[NDArray[np.int64]]
    ) -> list[torch.Tensor]:
        """Logits [N, V] float32 of every canvas [N]. Raises ``ModelError`` when the device runs out of memory."""
        import torch

        with torch.inference_mode(), memory_errors(f"a forward over {len(canvases)} canvases"):
            return [self._rate(list(prompt), canvas) for prompt, canvas in zip(prompts, canvases, strict=True)]

    def _rate(self, prompt: list[int], canvas: NDArray[np.int64]) -> torch.Tensor:
        import torch

        unseen = canvas == self.mask_id
        first = int(unseen.argmax()) // self._canvas * self._canvas
        own = canvas[first : first + self._canvas]
        context = [*prompt, *canvas[:first].tolist()]
        noisy = self._noisy(context, own)
        logits = self._network(
            cache=self._encoded(context), decoder_input_ids=torch.from_numpy(noisy)[None].to(self.device)
        ).logits[0, : len(own)]
        if len(own) == len(canvas):
            return logits
        rows = logits.new_zeros(len(canvas), logits.shape[1])
        rows[first : first + len(own)] = logits
        return rows

    def _noisy(self, context: list[int], own: NDArray[np.int64]) -> NDArray[np.int64]:
        """A whole canvas for the network: random tokens in open slots, pad behind the last slot."""
        key = blake2b(np.array(context, np.int64).tobytes() + own.tobytes(), digest_size=8).digest()
        noise = np.random.default_rng(int.from_bytes(key, "little")).integers(len(self.vocabulary), size=len(own))
        canvas = np.full(self._canvas, self._pad, np.int64)
        canvas[: len(own)] = np.where(own == self.mask_id, noise, own)
        return canvas

    def _encoded(self, context: list[int]) -> Any:
        """The encoder's cache of a context; the decoder only reads it. Nothing precedes a bare canvas but padding."""
        import torch

        context = context or [self._pad]
        key = np.array(context, np.int64).tobytes()
        with self._lock:
            if key in self._contexts:
                self._contexts.move_to_end(key)
                return self._contexts[key]
        found = self._network.model.encoder(input_ids=torch.tensor([context], device=self.device)).cache
        with self._lock:
            self._contexts[key] = found
            while len(self._contexts) > _CONTEXTS_KEPT:
                self._contexts.popitem(last=False)
        return found
