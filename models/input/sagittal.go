package input

// Padded is the height (z) and width (y) of the segmenter's slices of g.
func (s SegmentSpec) Padded(g Grid) (h, w int) {
	up := func(n int) int { return (n + s.Multiple - 1) / s.Multiple * s.Multiple }
	return up(g.Dims[2]), up(g.Dims[1])
}

// Sagittal writes the segmenter's input for the columns xs: float32
// [len(xs), channels, H, W] with H and W of Padded, rows head first, anterior at the
// left. A neighbour outside the field is air, like the padding. dst is grown as
// needed and returned.
func (f *Field) Sagittal(spec SegmentSpec, xs []int, dst []float32) []float32 {
	h, w := spec.Padded(f.Grid)
	ch := spec.Channels()
	n := len(xs) * ch * h * w
	if cap(dst) < n {
		dst = make([]float32, n)
	}
	dst = dst[:n]
	clear(dst)
	for i, x := range xs {
		for c := range ch {
			col := x + c - spec.Neighbours
			if col < 0 || col >= f.Dims[0] {
				continue
			}
			out := dst[(i*ch+c)*h*w:]
			for z := range f.Dims[2] {
				src := f.HU[f.Index(col, 0, z):][:f.Dims[1]]
				row := out[z*w:][:len(src)]
				for y, hu := range src {
					row[y] = spec.Window.Apply(float32(hu))
				}
			}
		}
	}
	return dst
}
