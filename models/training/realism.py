"""Real or synthetic? The AUC of small classifiers on patches that `neckfrac dataset realism` cut from both kinds.

    patches.json   cell, shape (z, y, x), clip, and one row a patch: patient, synthetic, at_mm
    patches.i16    the patches' HU, one after the other

Patients are split into folds, none in two; a patch is scored by the network that never saw its patient. AUCs compare
pairs within a fold alone, for the scores of two networks have no common scale. Intervals are bootstrapped by patient.
Beside the network stand logistic regressions on the histogram of a patch, which see no place and no shape, and the
network on views that say what gives the kinds away: the inner half of the field, coarser cells, bone, soft tissue or
air alone. The control has real patients on both sides: it shows that no patient leaks from training into a score.

An AUC of 0.5 would mean that nothing tells the kinds apart; near 1, that one look is enough. The figure says how far
synthetic CT is from one real set with its own habits (blank outside the body, one hospital's scanners and their
resampling), not what a network trained on it is worth.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from metrics import auc, sigmoid
from records import write_json

MAX_PATCHES = 100_000
BINS = 30
AIR, SOFT, BONE = 50 / 1200, (50 / 1200, 350 / 1200), (400 / 1200, 1.0)  # of the clip range -200..1000 HU
GOAL = 0.90
CONTROL = "control: real against real"
Floats = NDArray[np.float64]
Scorer = Callable[["Patches", NDArray[np.int64], NDArray[np.int64], int], Floats]


@dataclass(frozen=True)
class Patches:
    """`x` is [N,z,y,x] scaled from the clip range to 0..1; `patient` numbers them; `synthetic` is 0 or 1."""

    x: NDArray[np.float32]
    patient: NDArray[np.int64]
    synthetic: NDArray[np.int64]

    def like(self, x: Tensor) -> Patches:
        """The same patches with other values."""
        return Patches(np.ascontiguousarray(x.numpy(), np.float32), self.patient, self.synthetic)

    def inner(self) -> Patches:
        """The inner half of the plane."""
        h, w = self.x.shape[2] // 4, self.x.shape[3] // 4
        return self.like(torch.from_numpy(self.x[:, :, h:-h, w:-w]))

    def coarse(self, n: int) -> Patches:
        """Means of n x n x n cells: what is left when fine texture and edges are gone."""
        return self.like(functional.avg_pool3d(torch.from_numpy(self.x).unsqueeze(1), n).squeeze(1))

    def window(self, low: float, high: float) -> Patches:
        """Values between two shares of the clip range alone, scaled to 0..1."""
        return self.like(((torch.from_numpy(self.x) - low) / (high - low)).clamp(0, 1))

    def air(self) -> Patches:
        """Where there is air, and nothing else."""
        return self.like((torch.from_numpy(self.x) < AIR).float())

    def control(self, seed: int) -> Patches:
        """Real patients alone, half of them called synthetic: an AUC beside 0.5 would be a leak."""
        at = np.flatnonzero(self.synthetic == 0)
        who, number = np.unique(self.patient[at], return_inverse=True)
        called = np.random.default_rng(seed).permutation(len(who)) < len(who) // 2
        return Patches(self.x[at], number, called[number].astype(np.int64))


def load(root: Path) -> Patches:
    """Reads patches; raises ValueError where the files do not fit each other."""
    index = json.loads((root / "patches.json").read_text(encoding="utf-8"))
    rows, shape, (low, high) = index["patches"], tuple(index["shape"]), index["clip_hu"]
    if index["schema"] != 1 or len(shape) != 3 or not 0 < len(rows) <= MAX_PATCHES or high <= low:
        raise ValueError("patches.json: unknown form")
    values = np.fromfile(root / "patches.i16", "<i2")
    if values.size != len(rows) * int(np.prod(shape)):
        raise ValueError("patches.i16 does not hold what patches.json says")
    synthetic = np.array([int(r["synthetic"]) for r in rows])
    keys = [(int(r["synthetic"]), r["patient"]) for r in rows]
    number = {k: i for i, k in enumerate(sorted(set(keys)))}
    patient = np.array([number[k] for k in keys])
    x = (values.reshape(len(rows), *shape).astype(np.float32) - low) / (high - low)
    return Patches(x, patient, synthetic)


def folds(p: Patches, count: int, seed: int) -> NDArray[np.int64]:
    """The fold of every patch: patients of both kinds are dealt out in random order, each to one fold."""
    rng = np.random.default_rng(seed)
    of_patient = np.zeros(p.patient.max() + 1, np.int64)
    for kind in (0, 1):
        who = np.unique(p.patient[p.synthetic == kind])
        if len(who) < count:
            raise ValueError(f"{len(who)} patients of a kind are too few for {count} folds")
        of_patient[rng.permutation(who)] = np.arange(len(who)) % count
    return of_patient[p.patient]


def histograms(p: Patches) -> Floats:
    """Square roots of the shares of BINS equal bins, by patch."""
    edges = np.linspace(0, 1, BINS + 1)
    return np.sqrt(np.stack([np.histogram(x, edges)[0] / x.size for x in p.x]))


def logistic(features: Floats, train: NDArray[np.int64], test: NDArray[np.int64], y: NDArray[np.int64]) -> Floats:
    """Logits of a ridge logistic regression by Newton's method; both kinds weigh the same."""
    mean, sd = features[train].mean(0), features[train].std(0) + 1e-6
    z = np.hstack([(features - mean) / sd, np.ones((len(features), 1))])
    weight = 0.5 / np.maximum(np.bincount(y[train], minlength=2), 1)[y[train]] * len(train)
    a, w = z[train], np.zeros(z.shape[1])
    ridge = np.diag([1.0] * features.shape[1] + [1e-6])
    for _ in range(30):
        q = sigmoid(a @ w)
        step = np.linalg.solve((a.T * (weight * q * (1 - q))) @ a + ridge, a.T @ (weight * (q - y[train])) + ridge @ w)
        w -= step
        if np.abs(step).max() < 1e-8:
            break
    return z[test] @ w


def by_histogram(p: Patches, train: NDArray[np.int64], test: NDArray[np.int64], seed: int) -> Floats:
    """Scores of the histogram baseline; `seed` is not used."""
    return logistic(histograms(p), train, test, p.synthetic)


class Judge(nn.Module):
    """Three convolutions over [N,1,z,y,x], pooled over all places: about 35,000 weights."""

    def __init__(self, width: int = 12) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for i, out in enumerate((width, 2 * width, 4 * width)):
            layers += [nn.Conv3d(channels, out, 3, padding=1, bias=False), nn.BatchNorm3d(out), nn.ReLU(inplace=True)]
            layers += [nn.MaxPool3d(2, ceil_mode=True)] if i < 2 else []
            channels = out
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(2 * channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [N] of being synthetic."""
        f = self.body(x).flatten(2)
        return self.head(torch.cat([f.mean(2), f.amax(2)], 1)).squeeze(1)


def by_network(epochs: int) -> Scorer:
    """A scorer that trains a Judge and averages a patch and its mirror image."""

    def score(p: Patches, train: NDArray[np.int64], test: NDArray[np.int64], seed: int) -> Floats:
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        x = torch.from_numpy(p.x).unsqueeze(1)
        y = torch.from_numpy(p.synthetic).float()
        net = Judge()
        share = float(p.synthetic[train].mean())
        loss = nn.BCEWithLogitsLoss(pos_weight=torch.tensor((1 - share) / share))
        steps = epochs * max(len(train) // 16, 1)
        opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
        plan = torch.optim.lr_scheduler.OneCycleLR(opt, 4e-3, total_steps=steps)
        for _ in range(steps):
            chosen = torch.from_numpy(rng.choice(train, 16, replace=len(train) < 16))
            batch = x[chosen]
            turned = torch.from_numpy(rng.random(len(batch)) < 0.5)
            batch[turned] = batch[turned].flip(-1)
            shift = rng.integers(-1, 2, 3)
            batch = batch.roll(tuple(int(s) for s in shift), (2, 3, 4))
            opt.zero_grad()
            loss(net(batch), y[chosen]).backward()
            opt.step()
            plan.step()
        net.eval()
        with torch.inference_mode():
            at = torch.from_numpy(test)
            parts = [net(x[c]) + net(x[c].flip(-1)) for c in at.split(64)]
        return torch.cat(parts).double().numpy() / 2

    return score


def cross_validate(p: Patches, fold: NDArray[np.int64], scorer: Scorer, seed: int) -> Floats:
    """A score for every patch from the network that has not seen its patient."""
    out = np.zeros(len(p.x))
    for f in range(int(fold.max()) + 1):
        train, test = np.flatnonzero(fold != f), np.flatnonzero(fold == f)
        out[test] = scorer(p, train, test, seed + f)
    return out


def within(score: Floats, y: NDArray[np.int64], fold: NDArray[np.int64]) -> float:
    """AUC over the pairs within folds."""
    total = pairs = 0.0
    for f in np.unique(fold):
        at = fold == f
        n = float(y[at].sum()) * float((1 - y[at]).sum())
        if n > 0:
            total, pairs = total + n * auc(score[at], y[at]), pairs + n
    return total / pairs if pairs else float("nan")


def interval(p: Patches, score: Floats, fold: NDArray[np.int64], rounds: int, seed: int) -> list[float]:
    """95 % of bootstrap AUCs over patients, drawn with replacement within their kind and fold."""
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(p.patient == i) for i in range(p.patient.max() + 1)]
    groups: dict[tuple[int, int], list[int]] = {}
    for i, r in enumerate(rows):
        groups.setdefault((int(p.synthetic[r[0]]), int(fold[r[0]])), []).append(i)
    found = []
    for _ in range(rounds):
        who = np.concatenate([rng.choice(g, len(g)) for g in groups.values()])
        at = np.concatenate([rows[i] for i in who])
        found.append(within(score[at], p.synthetic[at], fold[at]))
    return [float(q) for q in np.quantile(found, [0.025, 0.975])]


def by_patient(p: Patches, score: Floats, fold: NDArray[np.int64]) -> tuple[Patches, Floats, NDArray[np.int64]]:
    """The mean score of each patient, as if it were one patch."""
    who, first, number = np.unique(p.patient, return_index=True, return_inverse=True)
    mean = np.bincount(number, score) / np.bincount(number)
    return Patches(p.x[first], np.arange(len(who)), p.synthetic[first]), mean, fold[first]


def judge(p: Patches, count: int, epochs: int, rounds: int, seed: int) -> dict[str, dict[str, float | list[float]]]:
    """AUCs with their intervals of every classifier, by patch and by patient."""
    network = by_network(epochs)
    plans: dict[str, tuple[Patches, Scorer]] = {
        "network": (p, network),
        "network, inner half": (p.inner(), network),
        "network, cells x 2": (p.coarse(2), network),
        "network, cells x 4": (p.coarse(4), network),
        "network, bone alone": (p.window(*BONE), network),
        "network, soft alone": (p.window(*SOFT), network),
        "network, air alone": (p.air(), network),
        "histogram": (p, by_histogram),
        "histogram, inner half": (p.inner(), by_histogram),
        CONTROL: (p.control(seed), network),
    }
    out: dict[str, dict[str, float | list[float]]] = {}
    for name, (part, scorer) in plans.items():
        fold = folds(part, count, seed)
        score = cross_validate(part, fold, scorer, seed)
        whole, mean, whole_fold = by_patient(part, score, fold)
        out[name] = {
            "auc": within(score, part.synthetic, fold),
            "interval": interval(part, score, fold, rounds, seed),
            "patient_auc": within(mean, whole.synthetic, whole_fold),
            "patient_interval": interval(whole, mean, whole_fold, rounds, seed),
        }
    return out


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status: 0 whatever the AUC, unless --check is given."""
    parser = argparse.ArgumentParser(description="Train classifiers of real and synthetic patches; print their AUC.")
    parser.add_argument("--patches", type=Path, required=True, help="folder of neckfrac dataset realism")
    parser.add_argument("--out", type=Path, help="JSON file; classifier.json beside the patches by default")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=1000, help="of the bootstrap")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--check", action="store_true", help=f"exit 1 if the network's AUC is over {GOAL}")
    args = parser.parse_args(arguments)
    torch.set_num_threads(args.threads)
    p = load(args.patches)
    found = judge(p, args.folds, args.epochs, args.rounds, args.seed)
    patients = [len(np.unique(p.patient[p.synthetic == kind])) for kind in (0, 1)]
    result = {
        "patches": [int((p.synthetic == kind).sum()) for kind in (0, 1)],
        "patients": patients,
        "folds": args.folds,
        "epochs": args.epochs,
        "seed": args.seed,
        "goal": GOAL,
        "classifiers": found,
    }
    write_json(args.out or args.patches / "classifier.json", result)
    print(f"{patients[0]} real and {patients[1]} synthetic patients; AUC (95 % interval), by patch and by patient")
    for name, f in found.items():
        a, b = f["interval"], f["patient_interval"]
        print(
            f"  {name:28} {f['auc']:.3f} ({a[0]:.3f}-{a[1]:.3f})   {f['patient_auc']:.3f} ({b[0]:.3f}-{b[1]:.3f})"  # type: ignore[index]
        )
    missed = not float(found["network"]["auc"]) <= GOAL  # type: ignore[arg-type]
    print(f"goal: network by patch at most {GOAL:.2f}: {'missed' if missed else 'met'}")
    return 1 if missed and args.check else 0


if __name__ == "__main__":
    sys.exit(main())
