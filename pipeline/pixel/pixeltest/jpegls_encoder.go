package pixeltest

// jlsEncoder holds the variables of T.87 under their names there.
type jlsEncoder struct {
	near, maxval, t1, t2, t3, resetAt int
	rng, qbpp, limit                  int
	a, b, c, n                        [367]int
	nn                                [2]int
	runIndex                          int
	above, line0                      []int // reconstructed, with a border of one

	bytes []byte
	cur   byte
	free  int // bits of cur that are not yet set
}

var jlsJ = [32]int{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func log2up(v int) int {
	n := 0
	for 1<<n < v {
		n++
	}
	return n
}

func newJLSEncoder(o JLS) *jlsEncoder {
	e := &jlsEncoder{near: o.Near, maxval: o.MaxVal, t1: o.T1, t2: o.T2, t3: o.T3, resetAt: o.Reset,
		above: make([]int, o.Cols+2), line0: make([]int, o.Cols+2)}
	if e.maxval == 0 {
		e.maxval = 1<<o.Bits - 1
	}
	if e.resetAt == 0 {
		e.resetAt = 64
	}
	clamp := func(i, j int) int {
		if i > e.maxval || i < j {
			return j
		}
		return i
	}
	set := func(to *int, v int) {
		if *to == 0 {
			*to = v
		}
	}
	if e.maxval >= 128 {
		factor := (min(e.maxval, 4095) + 128) / 256
		set(&e.t1, clamp(factor*(3-2)+2+3*e.near, e.near+1))
		set(&e.t2, clamp(factor*(7-3)+3+5*e.near, e.t1))
		set(&e.t3, clamp(factor*(21-4)+4+7*e.near, e.t2))
	} else {
		factor := 256 / (e.maxval + 1)
		set(&e.t1, clamp(max(2, 3/factor+3*e.near), e.near+1))
		set(&e.t2, clamp(max(3, 7/factor+5*e.near), e.t1))
		set(&e.t3, clamp(max(4, 21/factor+7*e.near), e.t2))
	}
	e.rng = (e.maxval+2*e.near)/(2*e.near+1) + 1
	e.qbpp = log2up(e.rng)
	bpp := max(2, log2up(e.maxval+1))
	e.limit = 2 * (bpp + max(8, bpp))
	return e
}

func (e *jlsEncoder) reset() {
	for i := range e.a {
		e.a[i], e.b[i], e.c[i], e.n[i] = max(2, (e.rng+32)/64), 0, 0, 1
	}
	e.nn, e.runIndex, e.free = [2]int{}, 0, 8
	clear(e.above)
	clear(e.line0)
}

func (e *jlsEncoder) region(d int) int {
	switch {
	case d <= -e.t3:
		return -4
	case d <= -e.t2:
		return -3
	case d <= -e.t1:
		return -2
	case d < -e.near:
		return -1
	case d <= e.near:
		return 0
	case d < e.t1:
		return 1
	case d < e.t2:
		return 2
	case d < e.t3:
		return 3
	}
	return 4
}

func (e *jlsEncoder) line(px []uint16) {
	e.above, e.line0 = e.line0, e.above
	n := len(px)
	e.above[n+1] = e.above[n]
	e.line0[0] = e.above[1]
	for x := 1; x <= n; x++ {
		ra, rb, rc, rd := e.line0[x-1], e.above[x], e.above[x-1], e.above[x+1]
		q := 81*e.region(rd-rb) + 9*e.region(rb-rc) + e.region(rc-ra)
		if q != 0 {
			e.line0[x] = e.regular(int(px[x-1]), q, ra, rb, rc)
			continue
		}
		run := 0
		for x+run <= n && abs(int(px[x+run-1])-ra) <= e.near {
			e.line0[x+run] = ra
			run++
		}
		e.run(run, x+run > n)
		if x += run; x <= n {
			e.line0[x] = e.interruption(int(px[x-1]), ra, e.above[x])
		}
	}
}

func (e *jlsEncoder) regular(ix, q, ra, rb, rc int) int {
	sign := 1
	if q < 0 {
		q, sign = -q, -1
	}
	px := ra + rb - rc
	if rc >= max(ra, rb) {
		px = min(ra, rb)
	} else if rc <= min(ra, rb) {
		px = max(ra, rb)
	}
	px = min(max(px+sign*e.c[q], 0), e.maxval)
	err := e.quantise(sign * (ix - px))
	rx := min(max(px+sign*err*(2*e.near+1), 0), e.maxval)
	err = e.modulo(err)
	k := 0
	for e.n[q]<<k < e.a[q] {
		k++
	}
	var m int
	special := e.near == 0 && k == 0 && 2*e.b[q] <= -e.n[q]
	switch {
	case special && err >= 0:
		m = 2*err + 1
	case special:
		m = -2 * (err + 1)
	case err >= 0:
		m = 2 * err
	default:
		m = -2*err - 1
	}
	e.golomb(m, k, e.limit)
	e.b[q] += err * (2*e.near + 1)
	e.a[q] += abs(err)
	if e.n[q] == e.resetAt {
		e.a[q], e.b[q], e.n[q] = e.a[q]>>1, e.b[q]>>1, e.n[q]>>1
	}
	e.n[q]++
	if e.b[q] <= -e.n[q] {
		e.b[q] = max(e.b[q]+e.n[q], 1-e.n[q])
		e.c[q] = max(e.c[q]-1, -128)
	} else if e.b[q] > 0 {
		e.b[q] = min(e.b[q]-e.n[q], 0)
		e.c[q] = min(e.c[q]+1, 127)
	}
	return rx
}

func (e *jlsEncoder) run(n int, endOfLine bool) {
	for n >= 1<<jlsJ[e.runIndex] {
		e.put(1, 1)
		n -= 1 << jlsJ[e.runIndex]
		e.runIndex = min(e.runIndex+1, 31)
	}
	if !endOfLine {
		e.put(0, 1)
		e.put(n, jlsJ[e.runIndex])
	} else if n > 0 {
		e.put(1, 1)
	}
}

func (e *jlsEncoder) interruption(ix, ra, rb int) int {
	kind, px, sign := 0, rb, 1
	if abs(ra-rb) <= e.near {
		kind, px = 1, ra
	} else if ra > rb {
		sign = -1
	}
	err := e.quantise(sign * (ix - px))
	rx := min(max(px+sign*err*(2*e.near+1), 0), e.maxval)
	err = e.modulo(err)
	q := 365 + kind
	temp := e.a[q]
	if kind == 1 {
		temp += e.n[q] >> 1
	}
	k := 0
	for e.n[q]<<k < temp {
		k++
	}
	mapped := 0
	switch {
	case k == 0 && err > 0 && 2*e.nn[kind] < e.n[q], err < 0 && 2*e.nn[kind] >= e.n[q], err < 0 && k != 0:
		mapped = 1
	}
	m := 2*abs(err) - kind - mapped
	e.golomb(m, k, e.limit-jlsJ[e.runIndex]-1)
	if err < 0 {
		e.nn[kind]++
	}
	e.a[q] += (m + 1 - kind) >> 1
	if e.n[q] == e.resetAt {
		e.a[q], e.n[q], e.nn[kind] = e.a[q]>>1, e.n[q]>>1, e.nn[kind]>>1
	}
	e.n[q]++
	e.runIndex = max(e.runIndex-1, 0)
	return rx
}

func (e *jlsEncoder) quantise(err int) int {
	if err > 0 {
		return (err + e.near) / (2*e.near + 1)
	}
	return -(e.near - err) / (2*e.near + 1)
}

func (e *jlsEncoder) modulo(err int) int {
	if err < 0 {
		err += e.rng
	}
	if err >= (e.rng+1)/2 {
		err -= e.rng
	}
	return err
}

func (e *jlsEncoder) golomb(m, k, limit int) {
	if m>>k < limit-e.qbpp-1 {
		for range m >> k {
			e.put(0, 1)
		}
		e.put(1, 1)
		e.put(m&(1<<k-1), k)
		return
	}
	for range limit - e.qbpp - 1 {
		e.put(0, 1)
	}
	e.put(1, 1)
	e.put(m-1, e.qbpp)
}

// put writes n bits; after a byte 0xFF the next has one bit less.
func (e *jlsEncoder) put(v, n int) {
	for n--; n >= 0; n-- {
		e.free--
		e.cur |= byte(v>>n&1) << e.free
		if e.free == 0 {
			e.emit()
		}
	}
}

func (e *jlsEncoder) emit() {
	e.bytes = append(e.bytes, e.cur)
	e.free = 8
	if e.cur == 0xFF {
		e.free = 7
	}
	e.cur = 0
}

// flush pads the last byte and returns what was coded since the last flush. A last
// byte of 0xFF gets its stuffed bit.
func (e *jlsEncoder) flush() []byte {
	if e.free < 8 {
		e.emit()
		if e.free == 7 {
			e.emit()
		}
	}
	out := e.bytes
	e.bytes, e.free = nil, 8
	return out
}

func abs(v int) int { return max(v, -v) }
