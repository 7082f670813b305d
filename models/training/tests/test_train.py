"""The whole program on the toy set: stages, files, resume, refusal, export parity."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import safetensors.torch
import torch

import checkpoint
import export
import settings
import train
from dataset import Dataset
from settings import Schedule

CONFIG = Path(__file__).parent.parent / "config" / "smoke.toml"
GRAPHS = {"model2_segment", "model2_classify", "model1_patient", *(f"model1_c{i}" for i in range(1, 8))}
# Seven level networks need a fracture of each level among the studies that are trained on.
FOLDS = "folds=1000"


def call(root: Path, out: Path, stage: str, *extra: str) -> int:
    return train.main(["--config", str(CONFIG), "--data", str(root), "--out", str(out), "--stage", stage, *extra])


@pytest.fixture(scope="module")
def wide_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from conftest import write_dataset

    root = tmp_path_factory.mktemp("wide")
    write_dataset(root, 15)
    return root


@pytest.fixture(scope="module")
def trained(wide_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    assert call(wide_root, out, "all", "--set", FOLDS) == 0
    return out


def test_all_writes_every_graph(trained: Path) -> None:
    assert {p.stem for p in trained.glob("*.onnx")} == GRAPHS
    assert not list(trained.glob("*.tmp"))
    assert not list(trained.glob("*.checkpoint.safetensors"))
    fragment = json.loads((trained / "models.json").read_text(encoding="utf-8"))
    assert len(fragment["models"]) == len(GRAPHS)
    assert fragment["random_weights"] is False
    for entry in fragment["models"]:
        assert entry["opset"] == 17
        assert entry["ir_version"] <= export.MAX_IR
        assert entry["parity"] <= 1e-4
        assert entry["training"]["steps"] > 0
        assert entry["bytes"] == (trained / entry["file"]).stat().st_size
    assert fragment["models"][0]["input_spec"] == {"spacing_mm": 1.5}


@pytest.mark.parametrize(
    ("stem", "inputs", "outputs"),
    [
        ("model2_segment", {"slices": ["N", 3, "H", "W"]}, {"logits": ["N", 9, "H", "W"]}),
        ("model2_classify", {"crops": ["N", 16, 4, 80, 80]}, {"logit": None, "slice_logits": None, "maps": None}),
        ("model1_c3", {"slices": ["N", 3, 128, 128]}, {"logit": None, "map": None}),
    ],
)
def test_graph_contract(trained: Path, stem: str, inputs: dict, outputs: dict) -> None:
    graph = onnx.load(trained / f"{stem}.onnx").graph
    found = {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in graph.input}
    assert found == inputs
    assert [v.name for v in graph.output] == list(outputs)


def test_run_record_identifies_the_run(trained: Path) -> None:
    record = json.loads((trained / "run.json").read_text(encoding="utf-8"))
    assert record["seed"] == 7
    assert record["config"]["recipe"] == "smoke"
    assert set(record["stages"]) == {"segment", "classify", "model1_patient", *(f"model1_c{i}" for i in range(1, 8))}
    stage = record["stages"]["segment"]
    assert stage["steps"] == 4
    assert stage["data_digest"] == "d" * 64
    assert len(stage["history"]) == 2


def test_levels_start_from_the_patient_network(trained: Path) -> None:
    patient = safetensors.torch.load_file(trained / "model1_patient.safetensors")
    level = safetensors.torch.load_file(trained / "model1_c1.safetensors")
    far = safetensors.torch.load_file(trained / "model1_c2.safetensors")
    name = "trunk.stem.0.weight"
    assert not torch.equal(patient[name], level[name])
    assert not torch.equal(far[name], level[name])
    assert float((patient[name] - level[name]).abs().max()) < 0.05


def test_finished_network_is_left_alone(wide_root: Path, trained: Path) -> None:
    before = (trained / "segment.safetensors").stat().st_mtime_ns
    call(wide_root, trained, "segment", "--set", FOLDS)
    assert (trained / "segment.safetensors").stat().st_mtime_ns == before


def test_other_settings_are_refused(wide_root: Path, trained: Path) -> None:
    with pytest.raises(ValueError, match="other settings"):
        call(wide_root, trained, "segment", "--set", FOLDS, "--set", "segment.schedule.lr=0.5")


class Stopped(Exception):
    """The machine went away."""


def test_interrupted_run_ends_with_the_same_weights(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    call(data_root, whole, "classify")
    step = train.step

    def stopping(run: train.Run, task: train.Task, optimizer: torch.optim.Optimizer, number: int, p: float) -> float:
        if number == 3:
            raise Stopped
        return step(run, task, optimizer, number, p)

    with monkeypatch.context() as patch:
        patch.setattr(train, "step", stopping)
        with pytest.raises(Stopped):
            call(data_root, broken, "classify")
    assert (broken / "classify.checkpoint.safetensors").exists()
    call(data_root, broken, "classify")
    one = safetensors.torch.load_file(whole / "classify.safetensors")
    two = safetensors.torch.load_file(broken / "classify.safetensors")
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=0, atol=1e-6, msg=name)


def test_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    net = torch.nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(net.parameters())
    path = tmp_path / "x.safetensors"
    checkpoint.save_checkpoint(path, net, optimizer, checkpoint.Progress("a", 5, 1.5))
    assert checkpoint.load_checkpoint(path, net, optimizer, "a").step == 5
    with pytest.raises(ValueError, match="other settings"):
        checkpoint.load_checkpoint(path, net, optimizer, "b")


def test_time_limit_ends_cleanly(data_root: Path, tmp_path: Path) -> None:
    config = settings.load(CONFIG)
    data = Dataset.open(data_root)
    run = train.Run(config, tmp_path, data)
    ticks: Iterator[float] = iter(float(i) for i in range(1000))
    seen: list[float] = []
    net = torch.nn.Linear(1, 1)

    def draw(rng: np.random.Generator, progress: float) -> tuple[torch.Tensor, ...]:
        seen.append(progress)
        return (torch.ones(1, 1),)

    schedule = Schedule(steps=10_000, steps_per_epoch=1000, max_minutes=0.5)
    task = train.Task(
        "toy", net, schedule, draw, lambda n, b: n(b[0]).square().mean(), lambda _: 0.5, "half", {}, "toy"
    )
    train.train(run, task, config.segment, clock=lambda: next(ticks))
    record = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["stages"]["toy"]
    assert record["ended_by"] == "time"
    assert record["steps"] == len(seen) < 40
    assert seen[-1] > 0.9  # the learning rate had come down by then
    assert seen == sorted(seen)


def test_learning_rate_rises_then_falls() -> None:
    schedule = Schedule(lr=1.0, warmup=0.1)
    rates = [train.learning_rate(schedule, p) for p in np.linspace(0, 1, 101)]
    assert max(rates) == pytest.approx(1.0)
    assert np.argmax(rates) == 10
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert train.learning_rate(schedule, 1.5) == pytest.approx(0, abs=1e-9)


def test_loss_that_is_not_finite_stops_the_run(data_root: Path, tmp_path: Path) -> None:
    config = settings.load(CONFIG)
    run = train.Run(config, tmp_path, Dataset.open(data_root))
    net = torch.nn.Linear(1, 1)
    task = train.Task(
        "toy",
        net,
        Schedule(),
        lambda *_: (torch.full((1, 1), float("nan")),),
        lambda n, b: n(b[0]).mean(),
        lambda _: 0.0,
        "zero",
        {},
        "toy",
    )
    with pytest.raises(FloatingPointError, match="toy"):
        train.train(run, task, config.segment)


def test_missing_part_is_named(tmp_path: Path) -> None:
    from conftest import write_dataset

    root = tmp_path / "data"
    write_dataset(root, 2)
    (root / "crops.f16").unlink()
    with pytest.raises(ValueError, match="crops"):
        call(root, tmp_path / "out", "classify")


def test_report_prints_baselines(wide_root: Path, trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(wide_root, trained, "report", "--set", "fold=0", "--set", "folds=2") == 0
    value = json.loads((trained / "report.json").read_text(encoding="utf-8"))
    assert "vertebra_auc_blind" in capsys.readouterr().out
    assert 0 < value["patient_f2_flag_all"] < 1
    assert 0 <= value["vertebra_auc"] <= 1


def test_random_export_cannot_pass_for_trained(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert train.main(["--config", str(CONFIG), "--out", str(out), "--stage", "export", "--random-weights"]) == 0
    assert all(p.name.startswith(export.RANDOM_PREFIX) for p in out.glob("*.onnx"))
    fragment = json.loads((out / "random-weights.models.json").read_text(encoding="utf-8"))
    assert fragment["random_weights"] is True


def test_export_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no trained network"):
        train.main(["--config", str(CONFIG), "--out", str(tmp_path), "--stage", "export"])


def test_full_networks_export(tmp_path: Path) -> None:
    """The large bodies go through the same exporter; one of each kind, untrained."""
    config = settings.load(CONFIG.with_name("full.toml"))
    picked = {g.weights: g for g in export.graphs(config)}
    for name in ("segment", "model1_patient"):
        graph = picked[name]
        net = export.model.build(graph.network, graph.width)
        entry = export.export_graph(graph, net, tmp_path / graph.file, config.opset, {})
        assert entry["parity"] <= 1e-4
