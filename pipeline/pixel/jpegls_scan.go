package pixel

import "math/bits"

// jlsContext holds A, B, C and N of one of the contexts (T.87 §A.2).
type jlsContext struct{ a, b, c, n int }

// jlsRun holds A, N and Nn of a run interruption context.
type jlsRun struct{ a, n, nn int }

// jlsScan is the decoder's state between samples.
type jlsScan struct {
	in jlsBits
	jlsCoding
	rng, qbpp, limit int // RANGE, qbpp and LIMIT of A.2.1
	quantize         []int8
	contexts         [365]jlsContext
	runs             [2]jlsRun
	runIndex         int
	// prev and cur are lines with one sample of border on both sides, A.2.2: before
	// the first sample stands the one above it, after the last its own copy.
	prev, cur []int
}

// runOrder is J of A.2.1.
var runOrder = [32]int{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func newJLSScan(c jlsCoding) *jlsScan {
	s := &jlsScan{jlsCoding: c, prev: make([]int, c.cols+2), cur: make([]int, c.cols+2)}
	s.rng = (c.maxval+2*c.near)/(2*c.near+1) + 1
	s.qbpp = bits.Len(uint(s.rng - 1))
	bpp := max(2, bits.Len(uint(c.maxval)))
	s.limit = 2 * (bpp + max(8, bpp))
	// Gradients lie in ±MAXVAL: at most 128 KiB, which is far cheaper than to compare
	// each of them with eight bounds.
	s.quantize = make([]int8, 2*c.maxval+1)
	for i := range s.quantize {
		s.quantize[i] = c.region(i - c.maxval)
	}
	return s
}

// region is the quantisation of a gradient, A.3.3.
func (c *jlsCoding) region(d int) int8 {
	sign := int8(1)
	if d < 0 {
		d, sign = -d, -1
	}
	switch {
	case d <= c.near:
		return 0
	case d < c.t1:
		return sign
	case d < c.t2:
		return 2 * sign
	case d < c.t3:
		return 3 * sign
	}
	return 4 * sign
}

// start resets the state at the start of a scan and after each restart marker.
func (s *jlsScan) start(src []byte) {
	s.in = jlsBits{src: src}
	a := max(2, (s.rng+32)/64)
	for i := range s.contexts {
		s.contexts[i] = jlsContext{a: a, n: 1}
	}
	s.runs = [2]jlsRun{{a: a, n: 1}, {a: a, n: 1}}
	s.runIndex = 0
	clear(s.prev)
	clear(s.cur)
}

// line decodes one line into dst; false means that the data are no such line.
func (s *jlsScan) line(dst []uint16) bool {
	s.prev, s.cur = s.cur, s.prev
	n := len(dst)
	prev, cur := s.prev[:n+2], s.cur[:n+2]
	prev[n+1] = prev[n]
	cur[0] = prev[1]
	table, zero := s.quantize, s.maxval
	ra, rb, rc := cur[0], prev[1], prev[0]
	for x := 1; x <= n; {
		rd := prev[x+1]
		q := 81*int(table[rd-rb+zero]) + 9*int(table[rb-rc+zero]) + int(table[rc-ra+zero])
		if q == 0 {
			run, ok := s.run(x)
			if !ok {
				return false
			}
			if x += run; x <= n {
				ra, rb, rc = cur[x-1], prev[x], prev[x-1]
			}
			continue
		}
		v, ok := s.regular(q, ra, rb, rc)
		if !ok {
			return false
		}
		cur[x] = v
		ra, rc, rb = v, rb, rd
		x++
	}
	for i, v := range cur[1 : n+1] {
		dst[i] = uint16(v)
	}
	return !s.in.short
}

// regular decodes a sample by A.4 to A.6.
func (s *jlsScan) regular(q, ra, rb, rc int) (int, bool) {
	sign := q >> 63 // 0 or -1
	ctx := &s.contexts[(q^sign)-sign]
	px := median(ra, rb, rc) + (ctx.c ^ sign - sign)
	px = min(max(px, 0), s.maxval)
	k := golombOrder(ctx.a, ctx.n)
	m := s.in.golomb(k, s.limit, s.qbpp)
	if m > s.rng {
		return 0, false
	}
	e := m>>1 ^ -(m & 1) // 0, -1, 1, -2, …
	if s.near == 0 && k == 0 && 2*ctx.b <= -ctx.n {
		e = ^e
	}
	ctx.update(e, e*(2*s.near+1), s.reset)
	return s.reconstruct(px, e^sign-sign), true
}

// median is the edge-detecting predictor of A.4.1.
func median(a, b, c int) int {
	lo, hi := min(a, b), max(a, b)
	switch {
	case c >= hi:
		return lo
	case c <= lo:
		return hi
	}
	return a + b - c
}

// golombOrder is the smallest k with n·2^k ≥ a, A.5.1. Both are at least 1.
func golombOrder(a, n int) int {
	k := max(0, bits.Len(uint(a))-bits.Len(uint(n)))
	if n<<k < a {
		k++
	} else if k > 0 && n<<(k-1) >= a {
		k--
	}
	return k
}

// update adapts a context to an error, A.6.
func (c *jlsContext) update(e, scaled, reset int) {
	c.b += scaled
	c.a += max(e, -e)
	if c.n == reset {
		c.a >>= 1
		c.b >>= 1
		c.n >>= 1
	}
	c.n++
	if c.b <= -c.n {
		c.b = max(c.b+c.n, 1-c.n)
		c.c = max(c.c-1, -128)
	} else if c.b > 0 {
		c.b = min(c.b-c.n, 0)
		c.c = min(c.c+1, 127)
	}
}

// reconstruct adds an error to a prediction modulo RANGE, A.4.5.
func (s *jlsScan) reconstruct(px, e int) int {
	step := 2*s.near + 1
	v := px + e*step
	if v < -s.near {
		v += s.rng * step
	} else if v > s.maxval+s.near {
		v -= s.rng * step
	}
	return min(max(v, 0), s.maxval)
}
