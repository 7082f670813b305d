package onnx

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"

	"github.com/neckfrac/neckfrac/models"
)

// TestFrozenInput: packs that are out there state answers to exactly these numbers. A
// change here is a new models.SelfTestInput.
func TestFrozenInput(t *testing.T) {
	t.Parallel()
	v := make([]float32, 100_000)
	frozen(v)
	h := sha256.New()
	least, most := v[0], v[0]
	for _, x := range v {
		h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
		least, most = min(least, x), max(most, x)
	}
	const want = "a05bb4417d35b704"
	if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want {
		t.Errorf("%s is now %s, was %s", models.SelfTestInput, got, want)
	}
	if least != 0 || most < 0.99 || most >= 1 {
		t.Errorf("values from %v to %v", least, most)
	}
}
