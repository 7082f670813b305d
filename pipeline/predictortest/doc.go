// Package predictortest is the conformance suite of neckfrac.Predictor: the fake and
// ONNX Runtime pass the same checks, so that a test of the service on the fake says
// something about the service on a pack.
//
// It checks what every caller relies on: the volume is not written, two calls agree,
// levels come in anatomical order, numbers are probabilities, key slices are slices of
// the volume, points are ordered, and a volume that can't be judged is Refused.
//
// It does not check whether a prediction is right; package models/evaluate does.
package predictortest
