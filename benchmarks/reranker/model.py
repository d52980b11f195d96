"""The reranker as a PyTorch model, for fitting and export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch.nn.utils import parametrize
from transformers import AutoModel, AutoTokenizer

from qa.answer.reranker import MAX_TOKENS
from qa.answer.window import text_pair
from qa.index.models import bundled_folder

LEVELS = 64  # steps of a weight to either side of zero


class Reranker(torch.nn.Module):
    """all-MiniLM-L6-v2 with two heads: two logits of a pair, and one of each of its tokens.

    The logits of a pair: that it ranks first, that it answers. The logit of a token: that it
    stands in a sentence that answers.
    """

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.config.hidden_size
        self.joint = torch.nn.Linear(2 * width, width)
        self.told = torch.nn.Linear(width, 2)
        self.words = torch.nn.Linear(width, 1)

    @classmethod
    def fresh(cls, layers: int) -> Reranker:
        """Return an unfitted reranker of the encoder's first layers."""
        encoder = AutoModel.from_pretrained(
            str(bundled_folder()), num_hidden_layers=layers, attn_implementation="sdpa"
        )
        encoder.pooler = None
        # Words keep the places they have: most of the record's are in few questions or none.
        encoder.embeddings.word_embeddings.requires_grad_(False)
        # One pass over the questions needs no dropout, which takes a third of the time.
        for module in encoder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        return cls(encoder)

    @classmethod
    def bundled(cls, graph: Path) -> Reranker:
        """Return an exported reranker, as exact as its int8 weights, to be fitted further."""
        held = {i.name: onnx.numpy_helper.to_array(i) for i in onnx.load(graph).graph.initializer}
        ending = "_quantized"
        matrices = {
            name.removesuffix(ending): _unquantized(held, name.removesuffix(ending)).T
            for name in held
            if name.endswith(ending) and "embeddings" not in name
        }
        layers = sum(name.endswith("intermediate.dense.bias") for name in held)
        reranker = cls.fresh(layers)
        state = reranker.state_dict()
        for name, values in held.items():
            if name in state:
                state[name] = torch.from_numpy(values.copy())
        for name in [n for n in state if ".embeddings." in n and f"{n}{ending}" in held]:
            state[name] = torch.from_numpy(_unquantized(held, name))
        # The graph does not name its matrices; they stand in the order in which they are used.
        linear = [n for n, m in reranker.named_modules() if isinstance(m, torch.nn.Linear)]
        for name, values in zip(linear, matrices.values(), strict=True):
            state[f"{name}.weight"] = torch.from_numpy(values.copy())
        reranker.load_state_dict(state)
        return reranker

    def round_weights(self) -> None:
        """Round the weights to int8 steps from now on, so that the fit adapts to them."""
        for module in self._linear():
            parametrize.register_parametrization(module, "weight", _Rounded())

    def unround_weights(self) -> None:
        """Undo ``round_weights``, and keep what was learnt since."""
        for module in self._linear():
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=False)

    def _linear(self) -> list[torch.nn.Linear]:
        return [m for m in self.modules() if isinstance(m, torch.nn.Linear)]

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits of shape (pairs, 2) and of shape (pairs, tokens)."""
        states = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        there = attention_mask[:, :, None].to(states.dtype)
        mean = (states * there).sum(dim=1) / there.sum(dim=1)
        joint = torch.tanh(self.joint(torch.cat([states[:, 0], mean], dim=1)))
        return self.told(joint), self.words(states)[:, :, 0]

    def groups(self, rate: float) -> list[dict[str, Any]]:
        """Return the parameters by learning rate: the new heads learn faster."""
        new = [p for name, p in self.named_parameters() if not name.startswith("encoder.")]
        encoder = [p for p in self.encoder.parameters() if p.requires_grad]
        return [
            {"params": encoder, "lr": rate, "base": rate},
            {"params": new, "lr": 5 * rate, "base": 5 * rate},
        ]


class _Rounded(torch.nn.Module):
    """Weights rounded as ``qa.index.graph.quantize`` does; gradients pass through."""

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        step = weights.detach().abs().amax(dim=1, keepdim=True) / LEVELS
        return weights + (torch.round(weights / step) * step - weights).detach()


def _unquantized(held: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Return an int8 matrix as float32."""
    scale, zero = held[f"{name}_scale"], held[f"{name}_zero_point"]
    return ((held[f"{name}_quantized"].astype(np.float32) - zero) * scale).astype(np.float32)


def tokenizer_of() -> Any:
    """Return the tokenizer of the encoder that the reranker starts from."""
    return AutoTokenizer.from_pretrained(str(bundled_folder()))


def batch_of(
    tokenizer: Any, pairs: Sequence[tuple[str, dict]], device: str
) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    """Return model inputs of question-window pairs, and masks of text and answer tokens."""
    told = [text_pair(question, w["context"], w["text"]) for question, w in pairs]
    batch = tokenizer(
        [first for first, _, _ in told],
        [second for _, second, _ in told],
        padding=True,
        truncation="only_second",
        max_length=MAX_TOKENS,
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    offsets = batch.pop("offset_mapping")
    is_second = batch["token_type_ids"].bool() & (offsets[:, :, 1] > 0)
    begins = torch.tensor([begin for *_, begin in told])[:, None]
    in_text = is_second & (offsets[:, :, 0] >= begins)
    answering = torch.zeros_like(in_text)
    for row, (_, w) in enumerate(pairs):
        for start, end in w["spans"]:
            begin = begins[row] + start
            inside = (offsets[row, :, 0] >= begin) & (offsets[row, :, 1] <= begins[row] + end)
            answering[row] |= in_text[row] & inside
    inputs = {name: values.to(device) for name, values in batch.items()}
    return inputs, in_text.to(device), answering.to(device)
