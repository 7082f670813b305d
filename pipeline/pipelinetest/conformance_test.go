package pipelinetest_test

import (
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/predictortest"
)

func TestPredictorConforms(t *testing.T) {
	t.Parallel()
	v := &neckfrac.Volume{HU: []int16{1, 2, 3}, Source: []neckfrac.InstanceUID{"1.1", "1.2", "1.3"}}
	p := pipelinetest.NewPredictor()
	p.Level(neckfrac.LevelPrediction{Vertebra: neckfrac.C5, Coverage: neckfrac.CoverageFull, Probability: 0.9, KeyIndex: 1})
	p.Limit(neckfrac.Resolution)
	predictortest.Run(t, p, v)
	p.Refuse(neckfrac.OutOfDomain)
	predictortest.RunRefusal(t, p, v)
}
