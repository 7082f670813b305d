package onnx_test

import (
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/onnx"
	"github.com/neckfrac/neckfrac/pipeline/predictortest"
)

func TestPredictorConforms(t *testing.T) {
	t.Parallel()
	p := predictor(t, onnx.Options{Threads: 1})
	predictortest.Run(t, p, neck(66, true))
	empty := neck(66, false)
	for i := range empty.HU {
		empty.HU[i] = -1000
	}
	predictortest.RunRefusal(t, p, empty)
	if _, err := p.Predict(t.Context(), &neckfrac.Volume{}); err == nil {
		t.Error("a volume without voxels was judged")
	}
}
