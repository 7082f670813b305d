"""Figures that training and calibration print. numpy only; scores and labels are flat arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sigmoid(x: Array) -> Array:
    """Logistic function, safe for large inputs."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, dtype=np.float64)))


def logit(p: Array) -> Array:
    """Inverse of sigmoid; p is kept 1e-9 away from 0 and 1."""
    q = np.clip(np.asarray(p, dtype=np.float64), 1e-9, 1 - 1e-9)
    return np.log(q / (1 - q))


def auc(score: Array, label: Array) -> float:
    """Area under the ROC curve with ties counted half; nan when a class is missing."""
    s, y = np.asarray(score, dtype=np.float64), np.asarray(label) > 0.5
    pos, neg = int(y.sum()), int((~y).sum())
    if pos == 0 or neg == 0:
        return float("nan")
    _, inverse, counts = np.unique(s, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2.0
    return float((mean_rank[inverse][y].sum() - pos * (pos + 1) / 2.0) / (pos * neg))


def log_loss(p: Array, label: Array) -> float:
    """Mean negative log likelihood."""
    q = np.clip(p, 1e-12, 1 - 1e-12)
    return float(-(label * np.log(q) + (1 - label) * np.log(1 - q)).mean())


def calibration_error(p: Array, label: Array, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width."""
    slot = np.minimum((np.asarray(p) * bins).astype(int), bins - 1)
    total = 0.0
    for b in range(bins):
        chosen = slot == b
        if chosen.any():
            total += chosen.mean() * abs(p[chosen].mean() - label[chosen].mean())
    return float(total)


def wilson(hits: int, n: int, z: float = 1.959964) -> list[float]:
    """Wilson 95 % interval of a proportion; [0, 1] when nothing was seen."""
    if n == 0:
        return [0.0, 1.0]
    p = hits / n
    centre = p + z * z / (2 * n)
    half = z * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    scale = 1 + z * z / n
    return [max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)]


def flag_all_f2(prevalence: float) -> float:
    """F2 of flagging everyone: what a score must beat to mean anything."""
    return 5 * prevalence / (4 * prevalence + 1)
