"""Calibration on score tables drawn from a known model: what was put in must come out."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import calibrate
import points
from dataset import LEVELS
from metrics import auc, calibration_error, logit, sigmoid
from settings import Fit

SLOPE, SHIFT = 1.6, 3.5  # of the classifier's logits against the true ones: enriched training over-calls


def draw(seed: int, studies: int, informative: float = 1.0) -> list[dict[str, Any]]:
    """Rows whose level labels follow a true logit; scores are that logit, stretched, shifted and with noise."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(studies):
        severity = rng.normal(0, 1.2)
        first = int(rng.integers(0, 3)) if rng.random() < 0.3 else 0
        truth = rng.normal(-3.0 + 0.5 * severity, 2.0, len(LEVELS))
        label = rng.random(len(LEVELS)) < sigmoid(truth)
        levels = []
        for k, name in enumerate(LEVELS):
            inside = k >= first
            occult = bool(label[k] and rng.random() < 0.05)
            shown = -5.0 if occult else truth[k]
            levels.append(
                {
                    "level": name,
                    "label": int(label[k]),
                    "occult": occult,
                    "in_field": "full" if inside else "none",
                    "classify": float(SLOPE * informative * shown + SHIFT + rng.normal(0, 0.6)) if inside else None,
                    "model1": float(0.4 * shown + rng.normal(0, 1.5)) if inside else None,
                }
            )
        rows.append(
            {
                "study": f"{seed}-{i}",
                "split": "calib",
                "patient_label": int(label.any()),
                "levels": levels,
                "model1_patient": float(truth.max() * 0.3 + rng.normal(0, 1)),
                "noise": 30.0,
                "coverage": len(LEVELS) - first,
            }
        )
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def level_probability(fit: dict[str, Any], classify: float | None, model1: float | None, level: str) -> float:
    """fit.json applied from its numbers alone, as the service does."""
    part, total, weight = fit["level"], 0.0, 0.0
    for name, score in (("classify", classify), ("model1", model1)):
        if score is not None:
            member, w = part["members"][name], part["weights"][name]
            total, weight = total + w * (member["a"] * score + member["b"]), weight + w
    return float(sigmoid(part["platt"]["a"] * total / weight + part["platt"]["b"] + part["offsets"][level]))


def patient_probability(fit: dict[str, Any], row: dict[str, Any]) -> float:
    part = fit["patient"]
    z, one = {}, {}
    for level in row["levels"]:
        name = level["level"].lower()
        if level["classify"] is not None:
            p = level_probability(fit, level["classify"], level["model1"], level["level"])
            z[name], one[name] = float(logit(np.array(p))), level["model1"]
    ordered = sorted(z.values(), reverse=True)
    values: dict[str, float] = {
        "highest": ordered[0],
        "second": ordered[1],
        "log_sum_exp": math.log(sum(math.exp(v) for v in ordered)),
        "model1_patient": row["model1_patient"],
        "coverage": row["coverage"],
    }
    values.update({f"level_{k}": v for k, v in z.items()})
    values.update({f"model1_{k}": v for k, v in one.items()})
    total = part["intercept"]
    for name, mean, sd, weight in zip(part["features"], part["mean"], part["sd"], part["weights"], strict=True):
        total += weight * (values.get(name, mean) - mean) / sd
    return float(sigmoid(np.array(total)))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("fit")
    scores = write(folder / "scores.jsonl", draw(1, 600))
    calibrate.fit_file(scores, folder / "fit.json", Fit())
    return json.loads((folder / "fit.json").read_text(encoding="utf-8"))


def test_level_calibration_holds_on_new_draws(fitted: dict[str, Any]) -> None:
    p, raw, label = [], [], []
    for row in draw(2, 1500):
        for level in row["levels"]:
            if level["classify"] is not None and not level["occult"]:
                p.append(level_probability(fitted, level["classify"], level["model1"], level["level"]))
                raw.append(level["classify"])
                label.append(level["label"])
    probability, truth = np.array(p), np.array(label, dtype=float)
    assert calibration_error(sigmoid(np.array(raw)), truth) > 0.15
    assert calibration_error(probability, truth) < 0.05
    assert auc(probability, truth) >= auc(np.array(raw), truth) - 0.005


def test_patient_calibration_holds_on_new_draws(fitted: dict[str, Any]) -> None:
    rows = [
        r for r in draw(3, 1500) if not r["patient_label"] or any(v["label"] and not v["occult"] for v in r["levels"])
    ]
    p = np.array([patient_probability(fitted, r) for r in rows])
    truth = np.array([float(r["patient_label"]) for r in rows])
    assert calibration_error(p, truth) < 0.05
    assert auc(p, truth) > 0.75


def test_better_member_gets_more_weight(fitted: dict[str, Any]) -> None:
    weights = fitted["level"]["weights"]
    assert weights["classify"] > 0.6
    assert weights["classify"] + weights["model1"] == pytest.approx(1)


def test_useless_member_gets_almost_no_weight() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(2000) < 0.2).astype(float)
    good, noise = 2 * y + rng.normal(0, 1, 2000), rng.normal(0, 1, 2000)
    use = np.ones(2000, dtype=bool)
    assert calibrate.ensemble_weight(good, noise, y, use) <= 0.1
    assert calibrate.ensemble_weight(noise, good, y, use) >= 0.9


@pytest.mark.parametrize("part", ["level", "patient"])
def test_points_are_ordered(fitted: dict[str, Any], part: str) -> None:
    found = fitted[part]["points"]
    assert [p["name"] for p in found] == list(points.NAMES)
    thresholds = [p["threshold"] for p in found]
    assert thresholds == sorted(thresholds)
    assert all(0 < t < 1 for t in thresholds)
    sensitivity, specificity = [p["sensitivity"] for p in found], [p["specificity"] for p in found]
    assert sensitivity == sorted(sensitivity, reverse=True)
    assert specificity == sorted(specificity)
    assert specificity[-1] >= 0.98
    for point in found:
        assert point["tp"] + point["fn"] + point["fp"] + point["tn"] == fitted[part]["n"]
        assert point["sensitivity_ci"][0] <= point["sensitivity"] <= point["sensitivity_ci"][1]
        ppv = [v["ppv"] for v in point["at_prevalence"]]
        assert ppv == sorted(ppv)
    assert found[0]["f2"] >= found[0]["f2_flag_all"]


def test_grades_start_at_second_look_and_rise(fitted: dict[str, Any]) -> None:
    bands = fitted["level"]["grades"]
    assert [b["name"] for b in bands] == ["low", "medium", "high"]
    assert bands[0]["from"] == fitted["level"]["points"][0]["threshold"]
    assert bands[-1]["to"] == 1
    for below, above in pairwise(bands):
        assert below["to"] == above["from"]
        assert below["observed"] < above["observed"]


@pytest.mark.parametrize("lowest", [0.01, 0.29, 0.3, 0.5, 0.7, 0.95])
def test_every_grade_has_room(lowest: float) -> None:
    bands = points.grades(np.linspace(0, 1, 50), np.zeros(50), lowest, Fit())
    assert all(b["from"] < b["to"] for b in bands)


def test_occult_fractures_are_counted_and_left_out(fitted: dict[str, Any]) -> None:
    rows = draw(1, 600)
    occult = sum(level["occult"] for r in rows for level in r["levels"])
    scored = sum(v["classify"] is not None and not v["occult"] for r in rows for v in r["levels"])
    assert fitted["left_out"]["occult_levels"] == occult > 0
    assert fitted["level"]["n"] == scored
    assert fitted["patient"]["n"] + fitted["left_out"]["occult_patients"] == 600


def test_other_splits_do_not_change_the_fit(tmp_path: Path) -> None:
    rows = draw(1, 200)
    other = [{**r, "split": "test", "patient_label": 1 - r["patient_label"]} for r in draw(9, 200)]
    one = calibrate.fit(calibrate.read_table(write(tmp_path / "a", rows), "calib"), Fit())
    two = calibrate.fit(calibrate.read_table(write(tmp_path / "b", rows + other), "calib"), Fit())
    assert one == two


def test_score_that_falls_with_fracture_cannot_turn_the_calibration_round(tmp_path: Path) -> None:
    table = calibrate.read_table(write(tmp_path / "s", draw(4, 300, informative=-1.0)), "calib")
    level = calibrate.fit(table, Fit())["level"]
    assert level["members"]["classify"]["a"] > 0
    assert level["platt"]["a"] > 0
    assert level["weights"]["model1"] > 0.5


def test_too_few_fractures_are_refused(tmp_path: Path) -> None:
    table = calibrate.read_table(write(tmp_path / "s", draw(4, 40)), "calib")
    with pytest.raises(ValueError, match="at least 500"):
        calibrate.fit(table, replace(Fit(), min_positives=500))


def test_empty_split_and_unknown_level_are_refused(tmp_path: Path) -> None:
    rows = draw(4, 2)
    with pytest.raises(ValueError, match="0 rows"):
        calibrate.read_table(write(tmp_path / "s", rows), "test")
    rows[0]["levels"][0]["level"] = "T1"
    with pytest.raises(ValueError, match="unknown level 'T1'"):
        calibrate.read_table(write(tmp_path / "s", rows), "calib")


def test_separable_scores_keep_a_finite_slope() -> None:
    label = np.repeat([0.0, 1.0], 50)
    a, b = calibrate.platt(label * 2 - 1, label)
    assert 0 < a < 20
    assert sigmoid(a + b) > 0.95


def test_auc_counts_ties_half() -> None:
    assert auc(np.array([0.0, 0.0, 1.0]), np.array([0, 1, 1])) == pytest.approx(0.75)
    assert math.isnan(auc(np.array([1.0]), np.array([1])))
