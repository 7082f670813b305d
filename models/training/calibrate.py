"""Fits the ensemble weight, calibration, patient head, operating points and grades from a score table.

The table is written by running the exported graphs end to end over calibration studies, one JSON object per line:

    {"study", "split", "patient_label", "levels": [{"level", "label", "occult", "in_field", "classify", "model1"}],
     "model1_patient", "noise", "coverage"}

`classify` is a logit, `model1` any number that grows with suspicion; null means the level was not scored. numpy only.

Level:    m = weight-mean over members of (a_m * score_m + b_m); z = a * m + b + offset[level]; p = sigmoid(z)
          A member that is null is left out and the other's weight becomes 1.
Patient:  p = sigmoid(intercept + sum_i weight_i * (x_i - mean_i) / sd_i) over `features`, missing x_i = mean_i

Fractures that cannot be seen in the voxels (occult) are counted and left out: they would teach the calibration that
intact-looking bone is broken. Figures are of the calibration split itself; test figures come from `neckfrac evaluate`.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dataset import LEVELS
from metrics import Array, auc, calibration_error, log_loss, sigmoid
from points import grades, operating_points
from records import write_json
from settings import Fit

SUMMARIES = ("highest", "second", "log_sum_exp", "coverage")
FEATURES = (
    "highest",
    "second",
    "log_sum_exp",
    *(f"level_{name.lower()}" for name in LEVELS),
    "model1_patient",
    *(f"model1_{name.lower()}" for name in LEVELS),
    "coverage",
)
MIN_SLOPE = 0.05  # a member may be useless, but a calibrated score must never fall when suspicion grows
MAX_STUDIES = 1_000_000


@dataclass(frozen=True)
class Table:
    """Score table as arrays; level arrays are [studies,7] with nan for "not scored"."""

    study: list[str]
    classify: Array
    model1: Array
    label: Array
    occult: np.ndarray  # bool [studies,7]
    patient_score: Array
    patient_label: Array
    coverage: Array

    def visible(self) -> np.ndarray:
        """Patients whose label the voxels can explain: negatives, and positives with a visible fracture."""
        seen = ((self.label > 0.5) & ~self.occult).any(axis=1)
        return (self.patient_label < 0.5) | seen


# --- reading -----------------------------------------------------------------------------------------------------


def read_table(path: Path, split: str) -> Table:
    """Reads the rows of one split. Raises ValueError for an unknown level or a table without such rows."""
    rows = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                row = json.loads(line)
                if row["split"] == split:
                    rows.append(row)
    if not 0 < len(rows) <= MAX_STUDIES:
        raise ValueError(f"calibrate: {len(rows)} rows of split {split}")
    shape = (len(rows), len(LEVELS))
    classify, model1 = np.full(shape, np.nan), np.full(shape, np.nan)
    label, occult = np.zeros(shape), np.zeros(shape, dtype=bool)
    for i, row in enumerate(rows):
        for level in row["levels"]:
            if level["level"] not in LEVELS:
                raise ValueError(f"calibrate: study {row['study']}: unknown level {level['level']!r}")
            k = LEVELS.index(level["level"])
            classify[i, k], model1[i, k] = _number(level.get("classify")), _number(level.get("model1"))
            label[i, k], occult[i, k] = float(level["label"]), bool(level.get("occult", False))
    return Table(
        study=[str(row["study"]) for row in rows],
        classify=classify,
        model1=model1,
        label=label,
        occult=occult,
        patient_score=np.array([_number(row.get("model1_patient")) for row in rows]),
        patient_label=np.array([float(row["patient_label"]) for row in rows]),
        coverage=np.array([_number(row.get("coverage")) for row in rows]),
    )


def _number(value: Any) -> float:
    return math.nan if value is None or not math.isfinite(float(value)) else float(value)


# --- logistic regression -----------------------------------------------------------------------------------------


def logistic(x: Array, target: Array, penalty: Array) -> Array:
    """Coefficients of an L2-penalised logistic regression by damped Newton steps. x holds its own constant column."""

    def objective(w: Array) -> float:
        z = x @ w
        return float((np.logaddexp(0, z) - target * z).sum() + 0.5 * (penalty * w * w).sum())

    w = np.zeros(x.shape[1])
    value = objective(w)
    for _ in range(100):
        p = sigmoid(x @ w)
        gradient = x.T @ (p - target) + penalty * w
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty + 1e-9)
        direction = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-6 and objective(w - size * direction) > value:
            size /= 2
        w = w - size * direction
        before, value = value, objective(w)
        if before - value < 1e-10 * max(1.0, abs(before)):
            break
    return w


def smooth(label: Array) -> Array:
    """Platt's targets: keeps the slope finite when the classes do not overlap."""
    pos = float((label > 0.5).sum())
    neg = len(label) - pos
    return np.where(label > 0.5, (pos + 1) / (pos + 2), 1 / (neg + 2))


def platt(score: Array, label: Array) -> tuple[float, float]:
    """Slope and intercept of sigmoid(a * score + b); the slope is at least MIN_SLOPE per standard deviation."""
    mean, sd = float(score.mean()), float(score.std()) or 1.0
    x = np.column_stack([(score - mean) / sd, np.ones(len(score))])
    target = smooth(label)
    a, b = logistic(x, target, np.zeros(2))
    if a < MIN_SLOPE:
        a = MIN_SLOPE
        b = float(logistic(np.ones((len(score), 1)), target, np.zeros(1))[0])
    return float(a / sd), float(b - a * mean / sd)


# --- level -------------------------------------------------------------------------------------------------------


def fit_level(table: Table, config: Fit) -> tuple[dict[str, Any], Array]:
    """Returns the level part of fit.json and the calibrated logit of every level [studies,7], nan where not scored."""
    scored = np.isfinite(table.classify) | np.isfinite(table.model1)
    use = scored & ~table.occult
    label = table.label[use]
    need(label, config.min_positives, "levels")
    members = {}
    mapped = {}
    for name, score in (("classify", table.classify), ("model1", table.model1)):
        have = use & np.isfinite(score)
        a, b = platt(score[have], table.label[have]) if _mixed(table.label[have]) else (0.0, 0.0)
        members[name] = {"a": a, "b": b, "auc": auc(score[have], table.label[have]), "n": int(have.sum())}
        mapped[name] = a * score + b
    weight = ensemble_weight(mapped["classify"], mapped["model1"], table.label, use)
    mean = blend(mapped["classify"], mapped["model1"], weight)
    a, b, offsets = level_offsets(mean, table.label, use, config.offset_penalty)
    z = a * mean + b + offsets
    p = sigmoid(z[use])
    part = {
        "members": members,
        "weights": {"classify": 1 - weight, "model1": weight},
        "platt": {"a": a, "b": b},
        "offsets": dict(zip(LEVELS, offsets.tolist(), strict=True)),
        **figures(p, label),
        "points": operating_points(p, label, config, config.level_specificity),
    }
    part["grades"] = grades(p, label, part["points"][0]["threshold"], config)
    return part, z


def blend(first: Array, second: Array, weight: float) -> Array:
    """(1-weight) * first + weight * second; where one is nan, the other alone."""
    both = (1 - weight) * first + weight * second
    return np.where(np.isnan(first), second, np.where(np.isnan(second), first, both))


def ensemble_weight(first: Array, second: Array, label: Array, use: np.ndarray) -> float:
    """Weight of `second` in steps of 0.02 that gives the lowest log loss after recalibration."""
    both = use & np.isfinite(first) & np.isfinite(second)
    if not both.any() or not _mixed(label[both]):
        return 0.0 if np.isfinite(first[use]).any() else 1.0
    y = label[both]
    best, best_loss = 0.0, math.inf
    for weight in np.linspace(0, 1, 51):
        score = blend(first, second, float(weight))[both]
        a, b = platt(score, y)
        loss = log_loss(sigmoid(a * score + b), y)
        if loss < best_loss - 1e-6:  # ties go to the stronger member's side, weight 0
            best, best_loss = float(weight), loss
    return round(best, 2)


def level_offsets(mean: Array, label: Array, use: np.ndarray, penalty: float) -> tuple[float, float, Array]:
    """Shared slope and intercept plus a shrunken offset per level."""
    level = np.broadcast_to(np.arange(len(LEVELS)), mean.shape)[use]
    score, y = mean[use], label[use]
    centre, sd = float(score.mean()), float(score.std()) or 1.0
    x = np.column_stack([(score - centre) / sd, np.ones(len(y)), np.eye(len(LEVELS))[level]])
    w = logistic(x, smooth(y), np.array([0.0, 0.0, *[penalty] * len(LEVELS)]))
    a = max(float(w[0]), MIN_SLOPE) / sd
    return a, float(w[1]) - a * centre, w[2:]


# --- patient -----------------------------------------------------------------------------------------------------


def patient_features(table: Table, z: Array) -> Array:
    """Features in the order of FEATURES; nan where they are missing."""
    ordered = np.sort(np.where(np.isnan(z), -np.inf, z), axis=1)
    highest, second = ordered[:, -1], ordered[:, -2]
    finite = np.isfinite(highest)
    total = np.full(len(z), np.nan)
    top = highest[finite]
    total[finite] = top + np.log(np.exp(ordered[finite] - top[:, None]).sum(axis=1))
    columns = [np.where(np.isfinite(c), c, np.nan) for c in (highest, second, total)]
    return np.column_stack([*columns, z, table.patient_score, table.model1, table.coverage])


def fit_patient(table: Table, z: Array, config: Fit) -> dict[str, Any]:
    """Joint head with its calibration built in. Operating points are chosen on out-of-fold probabilities."""
    use = table.visible()
    raw, label = patient_features(table, z)[use], table.patient_label[use]
    need(label, config.min_positives, "patients")
    fold = folds([s for s, u in zip(table.study, use, strict=True) if u], label, config.folds)
    held = {c: out_of_fold(raw, label, fold, c, config.head_single) for c in config.head_c}
    best = min(config.head_c, key=lambda c: log_loss(sigmoid(held[c]), label))
    a, b = platt(held[best], label)
    mean, sd = moments(raw)
    w = head(standardise(raw, mean, sd), label, best, config.head_single)
    p = sigmoid(a * held[best] + b)
    return {
        "features": list(FEATURES),
        "mean": mean.tolist(),
        "sd": sd.tolist(),
        "weights": (a * w[:-1]).tolist(),
        "intercept": float(a * w[-1] + b),
        "c": best,
        "platt": {"a": a, "b": b},
        "out_of_fold": True,
        **figures(p, label),
        "points": operating_points(p, label, config),
    }


def moments(raw: Array) -> tuple[Array, Array]:
    """Mean and SD of each feature over the rows that have it; 0 and 1 for a feature nobody has."""
    have = np.isfinite(raw)
    n = np.maximum(have.sum(axis=0), 1)
    mean = np.where(have, raw, 0).sum(axis=0) / n
    sd = np.sqrt(np.where(have, (raw - mean) ** 2, 0).sum(axis=0) / n)
    return mean, np.where(sd > 1e-9, sd, 1.0)


def standardise(raw: Array, mean: Array, sd: Array) -> Array:
    """Standardised features with a constant column; a missing feature says nothing, so it is the mean."""
    x = np.where(np.isfinite(raw), (raw - mean) / sd, 0.0)
    return np.column_stack([x, np.ones(len(x))])


def head(x: Array, label: Array, c: float, single: float) -> Array:
    """L2 logistic regression. The constant, which is last, is not penalised; a feature of one level or network is
    penalised `single` times as much as one of all levels, since a few hundred patients can't tell twenty apart."""
    penalty = np.full(x.shape[1], single / c)
    penalty[[FEATURES.index(name) for name in SUMMARIES]] = 1 / c
    penalty[-1] = 0
    return logistic(x, smooth(label), penalty)


def folds(study: list[str], label: Array, n: int) -> np.ndarray:
    """Fold of each study, stratified by label, in an order fixed by a hash of the study id."""
    order = sorted(range(len(study)), key=lambda i: hashlib.sha256(study[i].encode()).digest())
    out = np.zeros(len(study), dtype=int)
    for value in (0.0, 1.0):
        members = [i for i in order if label[i] == value]
        out[members] = np.arange(len(members)) % n
    return out


def out_of_fold(raw: Array, label: Array, fold: np.ndarray, c: float, single: float) -> Array:
    """Logit of each row from a head that did not see it."""
    out = np.zeros(len(label))
    for k in np.unique(fold):
        rest, mine = fold != k, fold == k
        mean, sd = moments(raw[rest])
        out[mine] = standardise(raw[mine], mean, sd) @ head(standardise(raw[rest], mean, sd), label[rest], c, single)
    return out


# --- together ----------------------------------------------------------------------------------------------------


def figures(p: Array, label: Array) -> dict[str, Any]:
    """What a reader wants to know of calibrated probabilities. `prevalence` is the base for a prior shift."""
    return {
        "n": len(label),
        "positives": int(label.sum()),
        "prevalence": float(label.mean()),
        "auc": auc(p, label),
        "log_loss": log_loss(p, label),
        "brier": float(((p - label) ** 2).mean()),
        "ece": calibration_error(p, label),
    }


def need(label: Array, least: int, what: str) -> None:
    """Raises ValueError when a class is too small to calibrate on."""
    positives = int((label > 0.5).sum())
    if min(positives, len(label) - positives) < least:
        raise ValueError(
            f"calibrate: {positives} of {len(label)} {what} fractured; at least {least} of both are needed"
        )


def _mixed(label: Array) -> bool:
    return 0 < (label > 0.5).sum() < len(label)


def fit(table: Table, config: Fit) -> dict[str, Any]:
    """Everything that fit.json holds but its source."""
    level, z = fit_level(table, config)
    patient = fit_patient(table, z, config)
    left_out = {
        "occult_levels": int(table.occult.sum()),
        "occult_patients": int((~table.visible()).sum()),
        "levels_not_scored": int((~np.isfinite(z)).sum()),
    }
    return {"level": level, "patient": patient, "left_out": left_out}


def fit_file(scores: Path, out: Path, config: Fit) -> dict[str, Any]:
    """Reads a score table, writes fit.json and prints the headline."""
    table = read_table(scores, config.split)
    digest = hashlib.sha256(scores.read_bytes()).hexdigest()
    source = {"scores_sha256": digest, "split": config.split, "studies": len(table.study)}
    value = {"schema": 1, "source": source, **fit(table, config)}
    write_json(out, value)
    for name in ("level", "patient"):
        part = value[name]
        print(f"{name} n {part['n']} auc {part['auc']:.4f} ece {part['ece']:.4f} brier {part['brier']:.4f}")
        for point in part["points"]:
            print(
                f"  {point['name']} threshold {point['threshold']:.4f} sensitivity {point['sensitivity']:.3f} "
                f"specificity {point['specificity']:.3f} f2 {point['f2']:.3f} (flag all {point['f2_flag_all']:.3f})"
            )
    return value
