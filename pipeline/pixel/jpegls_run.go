package pixel

// run decodes a run from sample x on and the sample that interrupts it (T.87 §A.7).
// It returns how many samples it set.
func (s *jlsScan) run(x int) (int, bool) {
	left := s.cols + 1 - x
	ra := s.cur[x-1]
	n := 0
	for {
		if s.in.bits(1) == 0 {
			if s.in.short {
				return 0, false
			}
			break
		}
		full := 1 << runOrder[s.runIndex]
		if full <= left-n && s.runIndex < 31 {
			s.runIndex++
		}
		if n += min(full, left-n); n == left {
			return left, s.repeat(x, n, ra)
		}
	}
	if n += s.in.bits(runOrder[s.runIndex]); n >= left {
		return 0, false
	}
	s.repeat(x, n, ra)
	v, ok := s.interruption(ra, s.prev[x+n])
	s.cur[x+n] = v
	s.runIndex = max(0, s.runIndex-1)
	return n + 1, ok
}

func (s *jlsScan) repeat(x, n, ra int) bool {
	for i := range s.cur[x : x+n] {
		s.cur[x+i] = ra
	}
	return true
}

// interruption decodes the sample after a run, A.7.2.
func (s *jlsScan) interruption(ra, rb int) (int, bool) {
	kind, px, sign := 0, rb, 1
	if d := ra - rb; d <= s.near && d >= -s.near {
		kind, px = 1, ra
	} else if d > 0 {
		sign = -1
	}
	r := &s.runs[kind]
	a := r.a
	if kind == 1 {
		a += r.n >> 1
	}
	k := golombOrder(a, r.n)
	m := s.in.golomb(k, s.limit-runOrder[s.runIndex]-1, s.qbpp)
	if m > 2*s.rng {
		return 0, false
	}
	// The mapped value is 2|e| - kind - map; map says, with k and Nn, the sign.
	mapped := (m + kind) & 1
	e := (m + kind + mapped) >> 1
	if (mapped == 1) == (k != 0 || 2*r.nn >= r.n) {
		e = -e
	}
	if e < 0 {
		r.nn++
	}
	r.a += (m + 1 - kind) >> 1
	if r.n == s.reset {
		r.a >>= 1
		r.n >>= 1
		r.nn >>= 1
	}
	r.n++
	return s.reconstruct(px, sign*e), true
}
