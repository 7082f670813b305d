"""Patches of two kinds that differ in a known way: what each classifier can and cannot tell."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import realism

SHAPE = (4, 12, 12)
PATIENTS = 10  # of a kind


def patches(difference: str, seed: int = 1) -> realism.Patches:
    """Three patches a patient: noise and a bar; synthetic ones differ in level, in the bar's direction, or not."""
    rng = np.random.default_rng(seed)
    x, patient, synthetic = [], [], []
    for i in range(2 * PATIENTS):
        made = i >= PATIENTS
        for _ in range(3):
            v = rng.normal(0.4, 0.05, SHAPE)
            bar = (slice(None), 6) if made and difference == "shape" else (slice(None), slice(None), 6)
            v[bar] += 0.4
            x.append(v + (0.1 if made and difference == "level" else 0))
            patient.append(i)
            synthetic.append(int(made))
    return realism.Patches(np.array(x, np.float32), np.array(patient), np.array(synthetic))


def write(root: Path, rows: int = 2, shape: tuple[int, int, int] = SHAPE, schema: int = 1) -> None:
    index = {"schema": schema, "shape": shape, "clip_hu": [-200, 1000]}
    index["patches"] = [{"patient": "a", "synthetic": i % 2 == 1, "at_mm": 30} for i in range(rows)]
    (root / "patches.json").write_text(json.dumps(index))
    np.linspace(-200, 1000, 2 * int(np.prod(SHAPE))).astype("<i2").tofile(root / "patches.i16")


def test_load(tmp_path: Path) -> None:
    write(tmp_path)
    p = realism.load(tmp_path)
    assert p.x.shape == (2, *SHAPE)
    assert p.x.min() == 0
    assert p.x.max() == 1
    # One name in both kinds is two patients.
    assert p.patient.tolist() == [0, 1]
    assert p.synthetic.tolist() == [0, 1]


@pytest.mark.parametrize("change", [{"rows": 3}, {"shape": (4, 12, 11)}, {"schema": 2}, {"rows": 0}])
def test_load_refuses(tmp_path: Path, change: dict) -> None:
    write(tmp_path, **change)
    with pytest.raises(ValueError, match="patches"):
        realism.load(tmp_path)


def test_no_patient_is_in_two_folds() -> None:
    p = patches("none")
    fold = realism.folds(p, 5, seed=3)
    for i in range(2 * PATIENTS):
        assert len(set(fold[p.patient == i])) == 1
    for f in range(5):
        assert {int(k) for k in p.synthetic[fold == f]} == {0, 1}
    with pytest.raises(ValueError, match="too few"):
        realism.folds(p, PATIENTS + 1, seed=3)


def test_the_scored_patient_was_not_trained_on() -> None:
    p = patches("none")
    fold = realism.folds(p, 5, seed=1)

    def spy(part: realism.Patches, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
        assert not set(part.patient[train]) & set(part.patient[test])
        return part.patient[test].astype(float)

    assert realism.cross_validate(p, fold, spy, 1).tolist() == p.patient.tolist()


def test_within_compares_pairs_of_a_fold_alone() -> None:
    score = np.array([0.0, 1.0, 10.0, 11.0])
    y, fold = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    assert realism.within(score, y, fold) == 1.0
    assert realism.within(score, y, np.zeros(4, np.int64)) == 0.75


def test_histogram_sees_level_and_no_shape() -> None:
    for difference, low, high in (("level", 0.95, 1.0), ("shape", 0.2, 0.8), ("none", 0.2, 0.8)):
        p = patches(difference)
        fold = realism.folds(p, 5, seed=1)
        found = realism.within(realism.cross_validate(p, fold, realism.by_histogram, 1), p.synthetic, fold)
        assert low <= found <= high, difference


def test_network_sees_shape() -> None:
    torch.set_num_threads(1)
    for difference, low, high in (("shape", 0.9, 1.0), ("none", 0.15, 0.85)):
        p = patches(difference)
        fold = realism.folds(p, 2, seed=1)
        found = realism.within(realism.cross_validate(p, fold, realism.by_network(30), 1), p.synthetic, fold)
        assert low <= found <= high, difference


def test_interval_holds_the_figure_and_ends_at_one() -> None:
    p = patches("level")
    fold = realism.folds(p, 5, seed=1)
    rng = np.random.default_rng(1)
    score = p.synthetic + rng.normal(0, 1, len(p.x))
    low, high = realism.interval(p, score, fold, 200, seed=1)
    assert low < realism.within(score, p.synthetic, fold) < high
    assert realism.interval(p, p.synthetic.astype(float), fold, 50, seed=1) == [1.0, 1.0]


def test_patients_score_is_the_mean_of_its_patches() -> None:
    p = patches("none")
    whole, mean, fold = realism.by_patient(p, np.arange(len(p.x), dtype=float), realism.folds(p, 5, seed=1))
    assert len(whole.x) == len(mean) == len(fold) == 2 * PATIENTS
    assert mean[0] == 1.0
    assert mean[-1] == len(p.x) - 2


def test_views() -> None:
    x = np.linspace(0, 1, 4 * 8 * 8, dtype=np.float32).reshape(1, 4, 8, 8)
    p = realism.Patches(x, np.array([0]), np.array([0]))
    assert np.array_equal(p.inner().x, x[:, :, 2:6, 2:6])
    assert p.coarse(2).x[0, 0, 0, 0] == pytest.approx(x[0, :2, :2, :2].mean())
    soft = p.window(*realism.SOFT).x
    assert soft.min() == 0
    assert soft.max() == 1
    assert p.air().x.mean() == (x < realism.AIR).mean()


def test_control_has_real_patients_on_both_sides() -> None:
    p = patches("level").control(seed=2)
    assert len(p.x) == 3 * PATIENTS
    assert p.synthetic.mean() == 0.5
    for i in range(PATIENTS):
        assert len(set(p.synthetic[p.patient == i])) == 1


def test_main_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    p = patches("level")
    rows = [
        {"patient": f"p{i}", "synthetic": bool(s), "at_mm": 30} for i, s in zip(p.patient, p.synthetic, strict=True)
    ]
    index = {"schema": 1, "shape": SHAPE, "clip_hu": [-200, 1000], "patches": rows}
    (tmp_path / "patches.json").write_text(json.dumps(index))
    (p.x * 1200 - 200).clip(-200, 1000).astype("<i2").tofile(tmp_path / "patches.i16")
    command = ["--patches", str(tmp_path), "--folds", "2", "--epochs", "2", "--rounds", "20"]
    assert realism.main(command) == 0
    found = json.loads((tmp_path / "classifier.json").read_text())
    assert found["patients"] == [PATIENTS, PATIENTS]
    assert found["classifiers"]["histogram"]["auc"] > 0.95
    assert realism.CONTROL in found["classifiers"]
    assert "goal: network by patch at most 0.90" in capsys.readouterr().out
