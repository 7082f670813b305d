"""Operating points and grade bands on calibrated probabilities.

A case is flagged when its probability is >= the threshold. Three points, thresholds never falling from one to the
next: `second-look` maximises F2, `balanced` maximises the mean of sensitivity and specificity, `alert` is the lowest
threshold that reaches a given specificity. Figures are those of the data the thresholds were chosen on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metrics import Array, flag_all_f2, wilson
from settings import Fit

NAMES = ("second-look", "balanced", "alert")


def candidates(p: Array) -> Array:
    """Thresholds worth trying: half way between neighbouring probabilities, and one beyond each end."""
    values = np.unique(p)
    return np.concatenate([[values[0] / 2], (values[1:] + values[:-1]) / 2, [(1 + values[-1]) / 2]])


def counts(p: Array, label: Array, thresholds: Array) -> tuple[Array, Array]:
    """True and false positives at each threshold."""
    pos, neg = np.sort(p[label > 0.5]), np.sort(p[label <= 0.5])
    tp = len(pos) - np.searchsorted(pos, thresholds, side="left")
    fp = len(neg) - np.searchsorted(neg, thresholds, side="left")
    return tp.astype(float), fp.astype(float)


def choose(p: Array, label: Array, alert_specificity: float, least: float = 0.0) -> dict[str, float]:
    """The three thresholds; `least` bounds the specificity of `balanced`. Both classes must be present."""
    t = candidates(p)
    tp, fp = counts(p, label, t)
    pos = float((label > 0.5).sum())
    neg = float(len(label)) - pos
    f2 = 5 * tp / (5 * tp + 4 * (pos - tp) + fp + 1e-12)
    second = float(t[int(np.argmax(f2))])
    balanced = float(t[int(np.argmax(np.where(1 - fp / neg >= least, tp / pos + 1 - fp / neg, -1.0)))])
    alert = float(t[np.flatnonzero(1 - fp / neg >= alert_specificity)[0]])  # the last candidate flags nothing
    balanced = max(second, balanced)
    return {"second-look": second, "balanced": balanced, "alert": max(balanced, alert)}


def describe(name: str, threshold: float, p: Array, label: Array, prevalences: list[float]) -> dict[str, Any]:
    """Counts, sensitivity and specificity with Wilson intervals, and what they mean at other prevalences."""
    truth, flagged = label > 0.5, p >= threshold
    tp, fn = int((truth & flagged).sum()), int((truth & ~flagged).sum())
    fp, tn = int((~truth & flagged).sum()), int((~truth & ~flagged).sum())
    sensitivity, specificity = tp / max(1, tp + fn), tn / max(1, tn + fp)
    at = []
    for share in prevalences:
        hits, false = sensitivity * share, (1 - specificity) * (1 - share)
        at.append(
            {
                "prevalence": share,
                "ppv": hits / (hits + false) if hits + false > 0 else None,
                "alerts_per_100": 100 * (hits + false),
            }
        )
    return {
        "name": name,
        "threshold": threshold,
        "tp": tp,
        "fn": fn,
        "fp": fp,
        "tn": tn,
        "sensitivity": sensitivity,
        "sensitivity_ci": wilson(tp, tp + fn),
        "specificity": specificity,
        "specificity_ci": wilson(tn, tn + fp),
        "f2": 5 * tp / max(1, 5 * tp + 4 * fn + fp),
        "f2_flag_all": flag_all_f2(float(truth.mean())),
        "at_prevalence": at,
    }


def operating_points(p: Array, label: Array, config: Fit, least: float = 0.0) -> list[dict[str, Any]]:
    """All three points, described."""
    thresholds = choose(p, label, config.alert_specificity, least)
    return [describe(name, thresholds[name], p, label, config.prevalences) for name in NAMES]


def grades(p: Array, label: Array, lowest: float, config: Fit) -> list[dict[str, Any]]:
    """Bands low, medium, high of a level's probability; `low` starts at the lowest operating point.

    A configured edge that would not leave the band below it any room moves to the middle of what is left.
    """
    high = config.grade_high if config.grade_high > lowest else (1 + lowest) / 2
    medium = config.grade_medium if lowest < config.grade_medium < high else (lowest + high) / 2
    out = []
    for name, start, end in (("low", lowest, medium), ("medium", medium, high), ("high", high, 1.0)):
        inside = (p >= start) & ((p < end) | (end == 1.0))
        n, hits = int(inside.sum()), int((label[inside] > 0.5).sum())
        out.append(
            {
                "name": name,
                "from": start,
                "to": end,
                "n": n,
                "fractured": hits,
                "observed": hits / n if n else None,
                "observed_ci": wilson(hits, n),
            }
        )
    return out
