package pipelinetest_test

import (
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/pipeline/ledger/ledgertest"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func TestLedger(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(*testing.T) ledgertest.Ledger {
		l := pipelinetest.NewLedger(pipelinetest.NewClock(start))
		l.OpenPerPeer = ledgertest.OpenPerPeer
		return l
	})
}
