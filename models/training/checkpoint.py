"""Weights and checkpoints as safetensors: tensors plus one JSON header, never pickle.

A file carries the fingerprint of the settings and data that made it, and is refused by a run that has another.
"""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn


@dataclass
class Progress:
    """What a checkpoint remembers beside tensors. `elapsed` is wall seconds over all tries."""

    fingerprint: str
    step: int = 0
    elapsed: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


def save(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Writes safetensors by rename: a reader sees the old file or the new one."""
    temporary = path.with_suffix(".tmp")
    plain = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    safetensors.torch.save_file(plain, temporary, {"facts": json.dumps(facts)})
    os.replace(temporary, path)


def read_facts(path: Path) -> dict[str, Any]:
    """The facts stored by `save`."""
    with safetensors.safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["facts"])


def save_checkpoint(path: Path, net: nn.Module, optimizer: torch.optim.Optimizer, state: Progress) -> None:
    """Weights, optimiser moments and progress in one file."""
    tensors = {f"net.{k}": v for k, v in net.state_dict().items()}
    for i, moments in optimizer.state_dict()["state"].items():
        tensors.update({f"opt.{i}.{k}": v for k, v in moments.items()})
    save(path, tensors, dataclasses.asdict(state))


def load_checkpoint(path: Path, net: nn.Module, optimizer: torch.optim.Optimizer, fingerprint: str) -> Progress:
    """Reverse of save_checkpoint. Raises ValueError when it belongs to other settings or data."""
    state = Progress(**read_facts(path))
    refuse_other(path, state.fingerprint, fingerprint)
    tensors = safetensors.torch.load_file(path)
    net.load_state_dict({k[4:]: v for k, v in tensors.items() if k.startswith("net.")})
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("opt."):
            _, i, key = name.split(".")
            moments.setdefault(int(i), {})[key] = value
    for i, parameter in enumerate(net.parameters()):
        for key, value in moments.get(i, {}).items():
            if value.shape == parameter.shape:  # in the parameter's memory order, or each step pays a copy
                moments[i][key] = torch.empty_like(parameter, requires_grad=False).copy_(value)
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return state


def load_weights(path: Path, net: nn.Module, fingerprint: str) -> None:
    """Fills a network from its finished weights. Raises ValueError when they belong to other settings or data."""
    refuse_other(path, str(read_facts(path)["fingerprint"]), fingerprint)
    net.load_state_dict(safetensors.torch.load_file(path))


def refuse_other(path: Path, have: str, want: str) -> None:
    """A file of another recipe is never continued or overwritten silently."""
    if have != want:
        raise ValueError(f"train: {path.name} was made with other settings or data; use another --out or remove it")
