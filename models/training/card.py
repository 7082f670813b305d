"""The model card, written from what a run recorded. Every figure in it is one of run.json or fit.json.

The end-to-end figures on studies that neither training nor calibration saw are not known here: `neckfrac evaluate`
makes them, and its text table can be put below the card's own with --evaluation.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

METRICS = ("dice", "vertebra_auc", "metric")

HEAD = """# Model card: {recipe}

**Trained on synthetic CT; not validated on patients.** The figures below prove the machinery on the project's own
generator. They say nothing about patients and must not stand beside patient figures. Research software, not a cleared
medical device.

| | |
|---|---|
| intended use | demonstration and integration tests on studies of the generator's own patients |
| input | axial CT of the neck, uncompressed, HU; adults |
| output | per vertebra C1 to C7: calibrated probability of a visible fracture and where; one joint probability |
| not assessed | C0, T1, ligaments, discs, cord, vessels; lesions that the generator calls occult |
| training data | synthetic studies of the built-in anatomy alone, data sets {digest} |
| calibration and operating points | {calibration} synthetic studies at natural prevalence, never trained on |
| recipe | `{recipe}`, seed {seed}, commit {commit} |
| remake | `make train-demo` |
"""


def cell(value: Any) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def networks(run: dict[str, Any]) -> str:
    rows = [
        "## Networks",
        "",
        "| network | parameters | steps | minutes | last held-out figure |",
        "|---|---|---|---|---|",
    ]
    for name, net in run["stages"].items():
        last = net["history"][-1] if net["history"] else {}
        figure = ", ".join(f"{k} {cell(v)}" for k, v in last.items() if k in METRICS) or "–"
        rows.append(f"| {name} | {net['parameters']} | {net['steps']} | {net['elapsed_s'] / 60:.1f} | {figure} |")
    return "\n".join(rows)


def points(fit: dict[str, Any]) -> str:
    out = ["## Calibration set", ""]
    for part in ("level", "patient"):
        f = fit[part]
        out += [
            f"{part}: n {f['n']}, AUC {cell(f['auc'])}, calibration error {cell(f['ece'])}, Brier {cell(f['brier'])}",
            "",
            "| point | threshold | sensitivity | specificity | F2 | F2 of flagging all |",
            "|---|---|---|---|---|---|",
        ]
        for p in f["points"]:
            out.append(
                f"| {p['name']} | {cell(p['threshold'])} | {cell(p['sensitivity'])} ({cell(p['sensitivity_ci'][0])}–"
                f"{cell(p['sensitivity_ci'][1])}) | {cell(p['specificity'])} ({cell(p['specificity_ci'][0])}–"
                f"{cell(p['specificity_ci'][1])}) | {cell(p['f2'])} | {cell(p['f2_flag_all'])} |"
            )
        out.append("")
    weights = ", ".join(f"{k} {cell(float(v))}" for k, v in fit["level"]["weights"].items())
    out.append(f"Weights of the members per vertebra, fitted by log loss: {weights}. Left out: {fit['left_out']}.")
    return "\n".join(out)


def card(run: dict[str, Any], fit: dict[str, Any], evaluation: str, note: str = "") -> str:
    """The whole card in Markdown."""
    digests = sorted({str(s["data_digest"])[:16] for s in run["stages"].values()})
    text = HEAD.format(
        recipe=run["recipe"],
        digest=", ".join(digests),
        calibration=fit["source"]["studies"],
        seed=run["seed"],
        commit=run["commit"][:12] or "–",
    )
    parts = [text, networks(run), "", *([note, ""] if note else []), points(fit)]
    if evaluation:
        parts += ["", "## End to end on unseen synthetic studies", "", "```", evaluation.rstrip(), "```"]
    return "\n".join(parts) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write MODEL_CARD.md of a run.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--evaluation", type=Path, help="text table of neckfrac evaluate")
    parser.add_argument("--note", default="", help="what the records don't say of how the networks were made")
    args = parser.parse_args(arguments)
    run = json.loads((args.out / "run.json").read_text(encoding="utf-8"))
    fit = json.loads((args.out / "fit.json").read_text(encoding="utf-8"))
    evaluation = args.evaluation.read_text(encoding="utf-8") if args.evaluation else ""
    (args.out / "MODEL_CARD.md").write_text(card(run, fit, evaluation, args.note), encoding="utf-8")
    print(f"card: {args.out / 'MODEL_CARD.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
