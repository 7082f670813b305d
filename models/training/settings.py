"""Configuration of a training run: a tree of frozen dataclasses read from TOML.

Every key has a default here, a config file states only what differs, and an unknown key or a value of the wrong type
is an error. `--set section.key=value` is read as one line of TOML and obeys the same rules.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Schedule:
    """How long and how fast one network trains.

    Training ends at `steps` or after `max_minutes` of wall time (0: no limit), whichever comes first; the learning
    rate follows the larger of the two fractions, so a run that is cut by time still ends annealed.
    """

    steps: int = 1000
    steps_per_epoch: int = 100  # an epoch is a line of progress, a validation and a checkpoint
    batch: int = 16
    lr: float = 2e-3
    weight_decay: float = 0.01
    warmup: float = 0.05  # fraction of the run
    max_minutes: float = 0.0


@dataclass(frozen=True)
class Segment:
    """Stage 1: sagittal U-Net."""

    network: str = "unet"
    width: int = 16
    schedule: Schedule = field(default_factory=Schedule)
    rows: int = 192  # canvas of a training slice, voxels, multiples of 32; rows run head to feet
    columns: int = 160
    background_weight: float = 0.05  # in the cross entropy, against 1 for a vertebra
    bone_weight: float = 0.3
    vertebra_share: float = 0.85  # of slices drawn where a vertebra is
    partial: float = 0.4  # probability that the stack is cut at one or both ends
    degrade: float = 0.3  # probability of coarse voxels, 2-4 times, per axis
    blank: float = 0.2  # probability that all but a band around the spine is blank
    lone: float = 0.1  # probability that a neighbour slice is missing
    validation_studies: int = 16


@dataclass(frozen=True)
class Classify:
    """Stage 2: crop sequence of one vertebra."""

    network: str = "narrow-resnet"
    width: int = 48
    schedule: Schedule = field(default_factory=Schedule)
    slices: int = 8  # slices drawn of the 16 while the encoder learns; neighbours teach little at twice the cost
    full_sequence: float = 0.25  # last part of the run that uses all 16
    positive_share: float = 0.5
    loss_weights: list[float] = field(default_factory=lambda: [1.0, 1.0, 2.0])  # vertebra, slice, map
    positive_weights: list[float] = field(default_factory=lambda: [1.0, 2.0, 6.0])
    validation_rows: int = 400
    init: str = ""  # weights of an earlier run to start from; "" starts from scratch


@dataclass(frozen=True)
class Model1:
    """Model I: one network per target, seven of them started from the patient network."""

    network: str = "compact"
    trunk: Schedule = field(default_factory=Schedule)
    level: Schedule = field(default_factory=Schedule)  # of each of C1..C7
    positive_share: float = 0.5
    positive_weight: float = 1.0
    top: int = 3  # highest slices averaged into a vertebra's score in validation
    validation_studies: int = 60


@dataclass(frozen=True)
class Fit:
    """Ensemble weight, calibration, patient head, operating points and grades."""

    split: str = "calib"
    folds: int = 5
    min_positives: int = 10  # of levels and of patients, and as many negatives: fewer is refused
    offset_penalty: float = 4.0  # L2 on the offset of each level
    head_c: list[float] = field(default_factory=lambda: [0.003, 0.01, 0.03, 0.1, 0.3])
    head_single: float = (
        10.0  # L2 of a single network's or level's feature, in units of that of a summary of all levels
    )
    alert_specificity: float = 0.98
    level_specificity: float = 0.95  # least of a level at `balanced`: seven levels share one patient's false flags
    prevalences: list[float] = field(default_factory=lambda: [0.04, 0.07, 0.10])
    grade_medium: float = 0.3
    grade_high: float = 0.7


@dataclass(frozen=True)
class Config:
    """A whole recipe."""

    recipe: str = "unnamed"
    seed: int = 1
    device: str = "cpu"
    threads: int = 1  # two processes of one thread beat one process of two
    amp: bool = False  # bfloat16 autocast; of use on a GPU only
    fold: int = 0  # studies of this fold validate and never train
    folds: int = 12
    opset: int = 17
    segment: Segment = field(default_factory=Segment)
    classify: Classify = field(default_factory=Classify)
    model1: Model1 = field(default_factory=Model1)
    fit: Fit = field(default_factory=Fit)


def load(path: Path | None, overrides: typing.Sequence[str] = ()) -> Config:
    """Reads a recipe. Raises ValueError, naming the key, for anything it does not know."""
    tree: dict[str, typing.Any] = {}
    if path is not None:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    for text in overrides:
        _merge(tree, _override(text))
    config = typing.cast(Config, _decode(Config, tree, ""))
    _check(config)
    return config


def digest(value: typing.Any) -> str:
    """SHA-256 over the canonical JSON of a dataclass: equal settings, equal digest."""
    text = json.dumps(dataclasses.asdict(value), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _override(text: str) -> dict[str, typing.Any]:
    key, sep, value = text.partition("=")
    if not sep:
        raise ValueError(f"settings: --set {text!r} is not key=value")
    try:
        return tomllib.loads(f"{key}={value}")
    except tomllib.TOMLDecodeError:
        # A bare word on the command line is a string.
        try:
            return tomllib.loads(f"{key}={json.dumps(value)}")
        except tomllib.TOMLDecodeError as err:
            raise ValueError(f"settings: --set {text!r}: {err}") from err


def _merge(into: dict[str, typing.Any], other: dict[str, typing.Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _decode(cls: type, tree: dict[str, typing.Any], prefix: str) -> typing.Any:
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(tree) - set(hints))
    if unknown:
        raise ValueError(f"settings: unknown key {prefix}{unknown[0]}")
    values = {key: _value(hints[key], value, f"{prefix}{key}") for key, value in tree.items()}
    return cls(**values)


def _value(hint: typing.Any, value: typing.Any, name: str) -> typing.Any:
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise ValueError(f"settings: {name} must be a table")
        return _decode(typing.cast(type, hint), value, name + ".")
    if hint is float and type(value) is int:
        return float(value)
    if typing.get_origin(hint) is list:
        item = typing.get_args(hint)[0]
        if not isinstance(value, list):
            raise ValueError(f"settings: {name} must be a list")
        return [_value(item, v, f"{name}[{i}]") for i, v in enumerate(value)]
    if type(value) is not hint:
        raise ValueError(f"settings: {name} must be {hint.__name__}, not {type(value).__name__}")
    return value


def _check(config: Config) -> None:
    seg, cla = config.segment, config.classify
    schedules = {
        "segment.schedule": seg.schedule,
        "classify.schedule": cla.schedule,
        "model1.trunk": config.model1.trunk,
        "model1.level": config.model1.level,
    }
    for name, schedule in schedules.items():
        if min(schedule.steps, schedule.steps_per_epoch, schedule.batch) < 1 or schedule.lr <= 0:
            raise ValueError(f"settings: {name} needs positive steps, batch and lr")
    if seg.rows % 32 or seg.columns % 32 or not (32 <= seg.rows <= 1024 and 32 <= seg.columns <= 1024):
        raise ValueError("settings: segment.rows and segment.columns must be multiples of 32 up to 1024")
    if not 1 <= cla.slices <= 16:
        raise ValueError("settings: classify.slices must lie in 1..16")
    if len(cla.loss_weights) != 3 or len(cla.positive_weights) != 3:
        raise ValueError("settings: classify.loss_weights and positive_weights hold three numbers")
    if not 0 <= config.fold < config.folds:
        raise ValueError("settings: fold must lie in 0..folds-1")
    if config.device not in ("cpu", "cuda"):
        raise ValueError("settings: device must be cpu or cuda")
    if config.fit.folds < 2 or not config.fit.head_c or min(config.fit.head_c) <= 0:
        raise ValueError("settings: fit needs at least two folds and positive head_c")
    if not seg.schedule.batch * seg.rows * seg.columns <= 1 << 26:
        raise ValueError("settings: segment batch is over 64 Mi pixels")
