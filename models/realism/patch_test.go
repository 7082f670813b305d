package realism_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/realism"
)

const patchLen = realism.PatchX * realism.PatchY * realism.PatchZ

func TestPatchesAreCutRoundTheCanal(t *testing.T) {
	t.Parallel()
	cell := neckfrac.Vec3{4.8, 4.8, 3}
	// The canal is the only thing brighter than the clip.
	v := drawn([3]int{60, 60, 90}, cell, identity, func(p neckfrac.Vec3) float64 {
		switch {
		case p[0]*p[0]+p[1]*p[1] < 30:
			return 2000
		case p[1] > 100:
			return -700
		}
		return 50
	})
	m, err := realism.Resample(v, cell)
	if err != nil {
		t.Fatal(err)
	}
	p := straight(110)
	got := p.Cut("nf-1", &m)
	if len(got) != 4 {
		t.Fatalf("%d patches of a long stack, want 4", len(got))
	}
	for _, q := range got {
		if len(q.HU) != patchLen || slices.Max(q.HU) != realism.ClipHigh || slices.Min(q.HU) < realism.ClipLow {
			t.Errorf("patch at %.0f mm: %d values, %d to %d", q.AtMM, len(q.HU), slices.Min(q.HU), slices.Max(q.HU))
		}
		at := slices.Index(q.HU, realism.ClipHigh) % (realism.PatchX * realism.PatchY)
		x, y := at%realism.PatchX-realism.PatchX/2, at/realism.PatchX-realism.PatchY/2
		if x < -4 || x > 3 || y < -4 || y > 3 {
			t.Errorf("patch at %.0f mm: the canal is %d, %d cells off its middle", q.AtMM, x, y)
		}
	}
	if again := p.Cut("nf-1", &m); !slices.Equal(again[1].HU, got[1].HU) {
		t.Error("equal names gave unlike patches")
	}
	if short := straight(-60).Cut("nf-1", &m); len(short) == 4 {
		t.Error("patches beyond the end of the stack")
	}
}

func TestSamplesAreWritten(t *testing.T) {
	t.Parallel()
	hu := make([]int16, patchLen)
	hu[0], hu[1] = -200, 258
	samples := []realism.Sample{
		{Patch: realism.Patch{Name: "pt_1", AtMM: 30, HU: hu}},
		{Patch: realism.Patch{Name: "nf-1", AtMM: 50, HU: hu}, Synthetic: true},
	}
	var values, index bytes.Buffer
	if err := realism.WriteSamples(&values, &index, neckfrac.Vec3{4.8, 4.8, 3}, samples); err != nil {
		t.Fatal(err)
	}
	if values.Len() != 2*2*patchLen || !bytes.HasPrefix(values.Bytes(), []byte{0x38, 0xff, 0x02, 0x01}) {
		t.Errorf("%d bytes that begin with %x", values.Len(), values.Bytes()[:4])
	}
	var ix struct {
		Shape   [3]int
		Patches []struct {
			Patient   string
			Synthetic bool
		}
	}
	if err := json.Unmarshal(index.Bytes(), &ix); err != nil {
		t.Fatal(err)
	}
	if ix.Shape != [3]int{12, 24, 24} || len(ix.Patches) != 2 || ix.Patches[0].Synthetic || !ix.Patches[1].Synthetic || ix.Patches[1].Patient != "nf-1" {
		t.Errorf("index %+v", ix)
	}
	samples[0].HU = hu[:5]
	if err := realism.WriteSamples(&values, &index, neckfrac.Vec3{}, samples); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("a patch of five values: %v", err)
	}
}
