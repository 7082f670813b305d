// Package models holds model packs: what they state, who signed them and how the raw
// scores of their networks become calibrated probabilities.
//
//	*.onnx + fit.json + MODEL_CARD.md → Build → manifest.json → Sign → pack → Open → models/onnx → scores → Ensemble → probabilities
//
// A pack is a flat folder or a tar file: manifest.json, manifest.sig and exactly the
// files that the manifest states, each with its SHA-256. "Model" means a
// machine-learning model here, not a data model.
//
// # Guarantees
//
// Open refuses what the manifest does not state: a further file, another digest or
// size, an unknown field, a number that is not finite, thresholds out of order, a
// missing or foreign signature. A key of the synthetic list opens packs of the
// domain `synthetic` only. Packs with random weights, made to measure speed, open
// only for a caller that says so. ReadFile checks the digest of the bytes it returns,
// so a file that changes after Open is never served.
// Ensemble is a pure function of a manifest and scores. A manifest may state what the
// networks answer to a frozen input (SelfTest), which a runtime compares before it runs
// the pack; packs built without one have none.
//
// # Limits
//
// Manifest 1 MiB, file 512 MiB, pack 2 GiB, 128 files.
//
// # Not here
//
// No inference (models/onnx), no decision on a threshold (pipeline/assess), no key
// management: a private key is read for Sign and never stored.
package models
