#!/usr/bin/env bash
# From the RSNA 2022 layout to exported networks. You bring the data: it is not part of this project, and its terms allow
# non-commercial use only. Every step goes on where it stopped. Calibration needs studies that `neckfrac evaluate` reads.
# Usage: models/training/train-rsna.sh DATA   (CONFIG=full WORK=build/train-rsna PYTHON=python3; more settings: --set …)
set -euo pipefail
DATA=$(realpath -e "${1:?the folder that holds train.csv}")
shift
cd "$(dirname "$0")/../.."
WORK=$(realpath -m "${WORK:-build/train-rsna}") CONFIG=${CONFIG:-full} PYTHON=${PYTHON:-python3} NF=${NF:-$PWD/bin/neckfrac}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} NECKFRAC_ORT=${NECKFRAC_ORT:-$PWD/build/ort/libonnxruntime.so}
mkdir -p "$WORK"
"$PYTHON" -c 'import torch, onnx' 2>/dev/null || {
  echo "train-rsna: $PYTHON has no torch; pip install -e 'models/training[train]', or set PYTHON" >&2; exit 1; }
step() { echo "=== $1 ($(date +%H:%M:%S))"; }
train() { (cd models/training && "$PYTHON" train.py --config "config/$CONFIG.toml" --out "$WORK/run" "$@"); }

step "segment: tensors of the studies with masks, training, export"
"$NF" dataset prepare --layout rsna --in "$DATA" --out "$WORK/segset" --parts segment
train --data "$WORK/segset" --stage segment "$@"
train --stage export "$@"

step "crops and slices of all studies, around what the segmenter finds"
"$NF" dataset prepare --layout rsna --in "$DATA" --out "$WORK/set" --parts crops --segmenter "$WORK/run/model2_segment.onnx"

step "classify, Model I, report on the held-out fold"
train --data "$WORK/set" --stage classify "$@"
train --data "$WORK/set" --stage model1 "$@"
train --stage export "$@"
train --data "$WORK/set" --stage report "$@"
