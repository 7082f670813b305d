"""Trains, exports and calibrates the NeckFrac ensemble.

    python train.py --config config/demo.toml --data DIR --out DIR --stage segment|classify|model1|export|fit|report|all

    segment   sagittal U-Net                  -> OUT/segment.safetensors
    classify  vertebra crops, CNN + biGRU     -> OUT/classify.safetensors
    model1    patient network, then C1..C7    -> OUT/model1_{patient,c1..c7}.safetensors
    export    every network that is trained   -> OUT/*.onnx, OUT/models.json
    fit       OUT/scores.jsonl                -> OUT/fit.json
    report    baselines a score must beat     -> OUT/report.json
    all       the stages the data set has parts for, then export, then fit if there is a score table

Guarantees: a finished network is not trained again and an interrupted one goes on from its last epoch with the same
batches; a checkpoint made with other settings or data is refused, not mixed in. OUT/run.json states config, seed, data
digest, commit and what each network did. Splits `calib` and `test` are never trained on.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

import calibrate
import evaluate
import export
import model
import settings
from batches import CropBatches, SegmentBatches, SliceBatches
from checkpoint import Progress, load_checkpoint, load_weights, save, save_checkpoint
from dataset import LEVELS, Dataset
from records import write_json
from settings import Config, Schedule

Batch = tuple[Tensor, ...]


@dataclass
class Task:
    """One network to train: how to draw a batch, its loss, and the figure printed after each epoch."""

    name: str
    net: nn.Module
    schedule: Schedule
    draw: Callable[[np.random.Generator, float], Batch]  # the float is progress, 0..1
    loss: Callable[[nn.Module, Batch], Tensor]
    metric: Callable[[nn.Module], float]
    metric_name: str
    spec: dict[str, Any]  # input geometry, from dataset.json
    network: str


@dataclass
class Run:
    """A configuration, an output folder and, for stages that need one, a data set."""

    config: Config
    out: Path
    data: Dataset | None

    def need(self, part: str) -> Dataset:
        """Returns the data set; raises ValueError when it lacks `part`."""
        if self.data is None or not self.data.has(part):
            raise ValueError(f"train: this stage needs --data with {part}")
        return self.data

    def studies(self) -> tuple[list[int], list[int]]:
        """Training and validation studies of the configured fold."""
        assert self.data is not None
        return self.data.training(self.config.fold, self.config.folds)

    def fingerprint(self, section: Any) -> str:
        """Equal for runs that may share a checkpoint. A new time limit alone does not forbid going on."""
        tree = dataclasses.asdict(section)
        for value in tree.values():
            if isinstance(value, dict):
                value.pop("max_minutes", None)
        keys = [tree, self.config.seed, self.config.fold, self.config.folds, self.data.digest if self.data else ""]
        return hashlib.sha256(json.dumps(keys, sort_keys=True).encode()).hexdigest()


# --- the loop ----------------------------------------------------------------------------------------------------


def learning_rate(schedule: Schedule, progress: float) -> float:
    """Linear warm-up, then a cosine to zero, over progress 0..1."""
    if progress < schedule.warmup:
        return schedule.lr * (0.05 + 0.95 * progress / schedule.warmup)
    rest = (progress - schedule.warmup) / max(1e-9, 1 - schedule.warmup)
    return schedule.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, rest)))


def train(run: Run, task: Task, section: Any, clock: Callable[[], float] = time.monotonic) -> None:
    """Trains one network to its end and writes its weights; does nothing when they are already there."""
    state = Progress(run.fingerprint(section))
    weights = run.out / f"{task.name}.safetensors"
    if weights.exists():
        load_weights(weights, task.net, state.fingerprint)
        print(f"{task.name} already trained", flush=True)
        return
    device = torch.device(run.config.device)
    task.net.to(device=device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(task.net.parameters(), lr=task.schedule.lr, weight_decay=task.schedule.weight_decay)
    checkpoint = run.out / f"{task.name}.checkpoint.safetensors"
    if checkpoint.exists():
        state = load_checkpoint(checkpoint, task.net, optimizer, state.fingerprint)
    started = clock() - state.elapsed
    limit = task.schedule.max_minutes * 60 or math.inf
    losses: list[float] = []
    ended_by = "steps"
    task.net.train()
    while state.step < task.schedule.steps:
        state.elapsed = clock() - started
        if state.elapsed >= limit:
            ended_by = "time"
            break
        progress = max(state.step / task.schedule.steps, state.elapsed / limit)
        losses.append(step(run, task, optimizer, state.step, progress))
        state.step += 1
        if state.step % task.schedule.steps_per_epoch == 0 and state.step < task.schedule.steps:
            state.elapsed = clock() - started
            epoch_line(task, state, losses)
            losses = []
            state.elapsed = clock() - started
            save_checkpoint(checkpoint, task.net, optimizer, state)
    state.elapsed = clock() - started
    epoch_line(task, state, losses)
    finish(run, task, state, ended_by, weights)
    checkpoint.unlink(missing_ok=True)


def step(run: Run, task: Task, optimizer: torch.optim.Optimizer, number: int, progress: float) -> float:
    """One optimiser step. Seeded by its number, so that it does not matter where a run was interrupted."""
    seed = [run.config.seed, *task.name.encode(), number]
    rng = np.random.default_rng(seed)
    torch.manual_seed(int(rng.integers(1 << 62)))
    device = run.config.device
    batch = tuple(move(t, device) for t in task.draw(rng, progress))
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(task.schedule, progress)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(device, torch.bfloat16, enabled=run.config.amp):
        loss = task.loss(task.net, batch)
    value = float(loss.detach())
    if not math.isfinite(value):
        raise FloatingPointError(f"train: {task.name}: loss is {value} at step {number}")
    loss.backward()
    nn.utils.clip_grad_norm_(task.net.parameters(), 5.0)
    optimizer.step()
    return value


def move(t: Tensor, device: str) -> Tensor:
    """To the device; images in channels-last order, which CPU convolutions like best."""
    t = t.to(device)
    return t.contiguous(memory_format=torch.channels_last) if t.dim() == 4 and t.dtype == torch.float32 else t


def epoch_line(task: Task, state: Progress, losses: list[float]) -> None:
    """Validates, prints the line a person watches and adds it to the history."""
    task.net.eval()
    with torch.inference_mode():
        metric = task.metric(task.net)
    task.net.train()
    loss = float(np.mean(losses)) if losses else math.nan
    epoch = math.ceil(state.step / task.schedule.steps_per_epoch)
    state.history.append({"epoch": epoch, "step": state.step, "loss": loss, task.metric_name: metric})
    print(
        f"{task.name} epoch {epoch} step {state.step}/{task.schedule.steps} loss {loss:.4f} "
        f"{task.metric_name} {metric:.4f} elapsed {state.elapsed:.0f}s",
        flush=True,
    )


# --- records -----------------------------------------------------------------------------------------------------


def finish(run: Run, task: Task, state: Progress, ended_by: str, weights: Path) -> None:
    """Writes the final weights and the network's entry in run.json."""
    record = {
        "network": task.network,
        "parameters": model.parameters(task.net),
        "steps": state.step,
        "batch": task.schedule.batch,
        "elapsed_s": round(state.elapsed, 1),
        "ended_by": ended_by,
        "data_digest": run.data.digest if run.data else "",
        "history": state.history,
    }
    facts = {"fingerprint": state.fingerprint, "spec": task.spec, "seed": run.config.seed, **record}
    save(weights, dict(task.net.state_dict()), facts)
    update_run(run, task.name, record)


def update_run(run: Run, name: str, record: dict[str, Any]) -> None:
    """Adds one stage's record to run.json, beside what identifies the run."""
    path = run.out / "run.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    value = {
        "schema": 1,
        "recipe": run.config.recipe,
        "seed": run.config.seed,
        "config": dataclasses.asdict(run.config),
        "config_digest": settings.digest(run.config),
        "commit": commit(),
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "numpy": np.__version__},
        "stages": {**old.get("stages", {}), name: {**record, "config_digest": settings.digest(run.config)}},
    }
    write_json(path, value)


def commit() -> str:
    """Commit of the tree this file lies in, `+dirty` when it differs; empty outside a repository."""
    here = Path(__file__).resolve().parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
        dirty = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", "."], cwd=here, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+dirty" if dirty.returncode else "")


# --- stages ------------------------------------------------------------------------------------------------------


def stage_segment(run: Run) -> None:
    """Stage 1 network."""
    config, data = run.config.segment, run.need("segment")
    train_studies, held = run.studies()
    source = SegmentBatches(data, train_studies, config)
    scorer = evaluate.SegmentScorer(data, held[: config.validation_studies], run.config.device)
    task = Task(
        name="segment",
        net=fresh(run, "segment", config.network, config.width),
        schedule=config.schedule,
        draw=lambda rng, _: source.draw(rng, config.schedule.batch),
        loss=lambda net, b: model.segment_loss(net(b[0]), b[1], config.background_weight, config.bone_weight),
        metric=scorer.mean_dice,
        metric_name="dice",
        spec=data.spec.get("segment", {}),
        network=config.network,
    )
    train(run, task, config)


def stage_classify(run: Run) -> None:
    """Stage 2 network."""
    config, data = run.config.classify, run.need("crops")
    train_studies, held = run.studies()
    source = CropBatches(data, train_studies)
    scorer = evaluate.CropScorer(data, held, config.validation_rows, run.config.device)
    weights = (config.loss_weights[0], config.loss_weights[1], config.loss_weights[2])
    positive = (config.positive_weights[0], config.positive_weights[1], config.positive_weights[2])

    def draw(rng: np.random.Generator, progress: float) -> Batch:
        slices = config.slices if progress < 1 - config.full_sequence else model.CROP_SLICES
        return tuple(source.draw(rng, config.schedule.batch, slices, config.positive_share))

    net = fresh(run, "classify", config.network, config.width)
    if config.init:
        net.load_state_dict(safetensors.torch.load_file(config.init))
    task = Task(
        name="classify",
        net=net,
        schedule=config.schedule,
        draw=draw,
        loss=lambda net, b: model.classify_loss(net(b[0]), b[1], b[2], b[3], b[4], weights, positive),
        metric=scorer.vertebra_auc,
        metric_name="vertebra_auc",
        spec=data.spec.get("classify", {}),
        network=config.network,
    )
    train(run, task, config)


def stage_model1(run: Run) -> None:
    """Model I: the patient network first, then one network per level that starts from it."""
    config, data = run.config.model1, run.need("slices")
    train_studies, held = run.studies()
    patient = fresh(run, "model1_patient", config.network, 0)
    for level in (None, *range(len(LEVELS))):
        name = "model1_patient" if level is None else f"model1_{LEVELS[level].lower()}"
        net = patient
        if level is not None:
            net = model.build(config.network)
            net.load_state_dict(patient.state_dict())
        source = SliceBatches(data, train_studies, level)
        scorer = evaluate.SliceScorer(data, held[: config.validation_studies], level, config.top, run.config.device)
        schedule = config.trunk if level is None else config.level
        task = Task(
            name=name,
            net=net,
            schedule=schedule,
            draw=lambda rng, _, s=source, n=schedule.batch: s.draw(rng, n, config.positive_share),
            loss=lambda net, b: model.slice_loss(net(b[0]), b[1], config.positive_weight),
            metric=scorer.vertebra_auc,
            metric_name="vertebra_auc",
            spec=data.spec.get("model1", {}),
            network=config.network,
        )
        train(run, task, config)


def fresh(run: Run, name: str, network: str, width: int) -> nn.Module:
    """A network whose random start depends on the seed and its name alone."""
    torch.manual_seed(int(np.random.default_rng([run.config.seed, *name.encode()]).integers(1 << 62)))
    return model.build(network, width)


def stage_all(run: Run, scores: Path) -> None:
    """Everything the data set has parts for."""
    assert run.data is not None
    stages = {"segment": stage_segment, "crops": stage_classify, "slices": stage_model1}
    for part, stage in stages.items():
        if run.data.has(part):
            stage(run)
        else:
            print(f"no {part} in this data set: stage left out", flush=True)
    export.export_trained(run.config, run.out)
    if scores.exists():
        calibrate.fit_file(scores, run.out / "fit.json", run.config.fit)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(description="Train, export and calibrate the NeckFrac ensemble.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="prepared data set (folder with dataset.json)")
    parser.add_argument("--out", type=Path, required=True)
    stages = ["segment", "classify", "model1", "export", "fit", "report", "all"]
    parser.add_argument("--stage", choices=stages, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    parser.add_argument("--scores", type=Path, help="score table for fit; default OUT/scores.jsonl")
    parser.add_argument("--random-weights", action="store_true", help="export untrained networks, for speed only")
    args = parser.parse_args(arguments)
    config = settings.load(args.config, args.overrides)
    torch.set_num_threads(config.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    data = Dataset.open(args.data) if args.data else None
    if data is None and args.stage not in ("export", "fit"):
        parser.error(f"--stage {args.stage} needs --data")
    run = Run(config, args.out, data)
    scores = args.scores or args.out / "scores.jsonl"
    if args.stage == "export":
        export.export_random(config, args.out) if args.random_weights else export.export_trained(config, args.out)
    elif args.stage == "fit":
        calibrate.fit_file(scores, args.out / "fit.json", config.fit)
    elif args.stage == "report":
        evaluate.report(config, run.need("crops"), args.out)
    elif args.stage == "all":
        stage_all(run, scores)
    else:
        {"segment": stage_segment, "classify": stage_classify, "model1": stage_model1}[args.stage](run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
