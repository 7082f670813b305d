package dataset

// Limits bounds what one read may cost. A zero field takes its default; no
// value means unlimited. Sizes are in bytes.
type Limits struct {
	// MaxElementBytes caps one value other than top-level pixel data.
	// Defaults to 16 MiB.
	MaxElementBytes int64
	// MaxPixelBytes caps the value of top-level pixel data, all fragments
	// together. Defaults to 1 GiB: a 512×512 CT slice needs 512 KiB, an
	// enhanced multi-frame CT of 1000 slices 500 MiB.
	MaxPixelBytes int64
	// MaxTotalBytes caps all values that are held in memory together, pixel
	// data excepted. Defaults to 64 MiB; it bounds what one header can cost.
	MaxTotalBytes int64
	// MaxInflatedBytes caps the output of a deflated data set, so that a small
	// file cannot expand without end. Defaults to 64 MiB.
	MaxInflatedBytes int64
	// MaxElements caps elements, items and fragments together, at all depths.
	// Defaults to 200 000, which bounds their bookkeeping to about 16 MiB.
	MaxElements int
	// MaxDepth caps the nesting of sequences. Defaults to 64, DCMTK's figure:
	// Go cannot recover from a stack overflow.
	MaxDepth int
}

func (l Limits) withDefaults() Limits {
	def := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.MaxElementBytes, 16<<20)
	def(&l.MaxPixelBytes, 1<<30)
	def(&l.MaxTotalBytes, 64<<20)
	def(&l.MaxInflatedBytes, 64<<20)
	if l.MaxElements <= 0 {
		l.MaxElements = 200_000
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = 64
	}
	return l
}
