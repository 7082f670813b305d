#!/usr/bin/env bash
# From phantoms to a signed pack: the recipe of models/packs/demo (its card says where that one differs). Every step goes on
# where it stopped. About two hours on two cores; WORK takes 30 GB.
# Usage: models/training/train-demo.sh   (WORK=build/train OUT=build/pack PYTHON=python3)
set -euo pipefail
cd "$(dirname "$0")/../.."
WORK=$(realpath -m "${WORK:-build/train}") OUT=$(realpath -m "${OUT:-build/pack}") PYTHON=${PYTHON:-python3}
NF=$PWD/bin/neckfrac
export OMP_NUM_THREADS=1 NECKFRAC_ORT=${NECKFRAC_ORT:-$PWD/build/ort/libonnxruntime.so}
mkdir -p "$WORK"
"$PYTHON" -c 'import torch, onnx' 2>/dev/null || {
  echo "train-demo: $PYTHON has no torch; pip install -e 'models/training[train]', or set PYTHON" >&2; exit 1; }
step() { echo "=== $1 ($(date +%H:%M:%S))"; }
train() { (cd models/training && "$PYTHON" train.py --config config/demo.toml --out "$WORK/run" "$@"); }

step "phantoms: 500 enriched and 100 natural to train on, 350 natural to calibrate on"
"$NF" phantom --out "$WORK/enr" --mode enriched --seed 100000 -n 250 &
"$NF" phantom --out "$WORK/enrB" --mode enriched --seed 100250 -n 250
wait
"$NF" phantom --out "$WORK/natA" --seed 150000 -n 100 &
"$NF" phantom --out "$WORK/cal" --seed 200000 -n 350
wait

step "segment: tensors, training, export"
"$NF" dataset prepare --in train="$WORK/enr" --out "$WORK/segset" --parts segment
train --data "$WORK/segset" --stage segment
train --stage export

step "crops and slices around what the segmenter finds"
"$NF" dataset prepare --in train="$WORK/enr" --in train="$WORK/enrB" --in train="$WORK/natA" --out "$WORK/set" --parts crops \
  --segmenter "$WORK/run/model2_segment.onnx"

step "classify and Model I, one core each"
train --data "$WORK/set" --stage classify &
train --data "$WORK/set" --stage model1
wait

step "classify, second round from the first one's weights"
ROUND2=(--set classify.init="$WORK/round1.safetensors" --set classify.schedule.max_minutes=12 --set classify.schedule.lr=1e-3
  --set classify.schedule.steps=1600 --set classify.full_sequence=0.35)
[ -f "$WORK/round1.safetensors" ] || mv "$WORK/run/classify.safetensors" "$WORK/round1.safetensors"
train --data "$WORK/set" --stage classify "${ROUND2[@]}"
train --stage export "${ROUND2[@]}"

step "calibration, end to end from DICOM"
"$NF" evaluate --graphs "$WORK/run" --in "$WORK/cal" --dump-scores "$WORK/run/scores.jsonl"
train --stage fit --scores "$WORK/run/scores.jsonl"
(cd models/training && "$PYTHON" card.py --out "$WORK/run")

step "pack"
rm -rf "$OUT"
"$NF" pack build --in "$WORK/run" --out "$OUT/demo" --key-out "$OUT/demo.pub" --pack-version 0.1.0 \
  --validation "synthetic calibration set, $(wc -l < "$WORK/run/scores.jsonl") studies at natural prevalence" --data "600 synthetic studies, built-in anatomy" \
  --command "make train-demo"
"$NF" pack verify "$OUT/demo"
