package dataset

import (
	"math"
	"testing"
)

func TestHalf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   float32
		want uint16
	}{
		{0, 0}, {1, 0x3c00}, {0.5, 0x3800}, {-2, 0xc000}, {65504, 0x7bff}, {65520, 0x7c00},
		{1 + 1.0/2048, 0x3c00}, {1 + 3.0/2048, 0x3c02}, // ties to even
		{float32(math.Ldexp(1, -24)), 1}, {float32(math.Ldexp(1, -14)), 0x0400}, {float32(math.Ldexp(1023.7, -24)), 0x0400},
		{float32(math.Ldexp(1, -26)), 0}, {float32(math.Inf(1)), 0x7c00}, {float32(math.NaN()), 0x7e00}, {1.0 / 3, 0x3555},
	}
	for _, tt := range tests {
		if got := half(tt.in); got != tt.want {
			t.Errorf("half(%v) = %#04x, want %#04x", tt.in, got, tt.want)
		}
	}
}
