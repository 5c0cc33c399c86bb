"""Muon for the encoder's matrices, AdamW for the rest.

Muon is momentum whose matrices are made nearly orthogonal before they are added (K. Jordan and others, "Muon: an
optimizer for hidden layers in neural networks", 2024), here with the scale that lets both share one learning rate
(J. Liu and others, "Muon is scalable for LLM training", 2025). PyTorch's own computes in bfloat16, which processors
without instructions for it do thirty times slower than this.
"""

from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as dist

MOMENTUM, WEIGHT_DECAY = 0.95, 1e-3
HAS_BFLOAT16 = torch.cpu.get_capabilities().get("avx512_bf16", False)
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan's coefficients: steep at zero, five rounds are enough


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest matrix whose singular values are about 1 (0.7 to 1.2), by five Newton-Schulz rounds."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = (x / (x.norm() + 1e-7)).to(torch.bfloat16 if HAS_BFLOAT16 else torch.float32)
    a, b, c = NEWTON_SCHULZ
    for _ in range(5):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Optimiser:
    """Steps on gradients that all processes have in common; each process makes its share of the matrices orthogonal."""

    def __init__(self, model: torch.nn.Module):
        named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        self.matrices = [p for name, p in named if is_matrix(name, p)]
        rest = [p for name, p in named if not is_matrix(name, p)]
        self.momenta = [torch.zeros_like(p) for p in self.matrices]
        self.updates = torch.zeros(sum(p.numel() for p in self.matrices))
        self.adamw = torch.optim.AdamW(rest, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY, fused=True)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step with this learning rate."""
        for group in self.adamw.param_groups:
            group["lr"] = rate
        self.adamw.step()
        self.updates.zero_()
        for number, (p, momentum, update) in enumerate(self._each()):
            momentum.mul_(MOMENTUM).add_(p.grad)
            if number % dist.get_world_size() == dist.get_rank():
                ahead = torch.add(p.grad, momentum, alpha=MOMENTUM).view(update.shape)
                update.copy_(orthogonal(ahead)).mul_(0.2 * max(update.shape) ** 0.5)
        dist.all_reduce(self.updates)
        for p, _, update in self._each():
            p.mul_(1 - rate * WEIGHT_DECAY).add_(update.view_as(p), alpha=-rate)

    def _each(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Each matrix, its momentum, and its place among the updates, in two dimensions."""
        at = 0
        for p, momentum in zip(self.matrices, self.momenta, strict=True):
            yield p, momentum, self.updates[at : at + p.numel()].view(len(p), -1)
            at += p.numel()

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"adamw": self.adamw.state_dict(), "momenta": self.momenta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes up what a checkpoint kept."""
        self.adamw.load_state_dict(state["adamw"])
        for mine, saved in zip(self.momenta, state["momenta"], strict=True):
            mine.copy_(saved)


def is_matrix(name: str, p: torch.Tensor) -> bool:
    """The linear layers and pointwise convolutions of the encoder; not its other convolutions, biases and norms."""
    return name.startswith("encoder") and p.ndim in (2, 3) and "depthwise" not in name and "pos_bias" not in name
