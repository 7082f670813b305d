package openjpeg

import "encoding/binary"

// size reads SIZ (A.5.1): Rsiz, Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz,
// Csiz, then Ssiz, XRsiz and YRsiz of the component.
func (w *walker) size(b []byte) string {
	if len(b) != 39 || binary.BigEndian.Uint16(b[34:]) != 1 {
		return "not one component"
	}
	var v [8]int64
	for i := range v {
		v[i] = int64(binary.BigEndian.Uint32(b[2+4*i:]))
	}
	switch {
	case v[0] != int64(w.cols) || v[1] != int64(w.rows):
		return "size differs from the header's"
	case v[2]|v[3]|v[6]|v[7] != 0:
		return "offset of image or tiles"
	case v[4] == 0 || v[5] == 0:
		return "size of a tile"
	case b[37] != 1 || b[38] != 1:
		return "subsampled component"
	}
	w.tileCols, w.tileRows = int(min(v[4], v[0])), int(min(v[5], v[1]))
	if w.tiles = parts(w.cols, w.tileCols) * parts(w.rows, w.tileRows); w.tiles > maxTiles {
		return "too many tiles"
	}
	w.info.Bits, w.info.Signed = int(b[36]&0x7F)+1, b[36]&0x80 != 0
	if w.info.Bits > 16 {
		return "bits of a sample"
	}
	return ""
}

// codingStyle reads COD (A.6.1): Scod, progression, layers, component transform, and
// the style of components.
func (w *walker) codingStyle(b []byte) string {
	if len(b) < 5 {
		return "coding style"
	}
	layers := int(binary.BigEndian.Uint16(b[2:]))
	if b[1] > 4 || layers == 0 || b[4] != 0 {
		return "coding style"
	}
	w.coded = true
	w.layers = max(w.layers, layers)
	return w.style(b[5:], b[0]&1 != 0)
}

// componentStyle reads COC (A.6.2): the component, Scoc and its style.
func (w *walker) componentStyle(b []byte) string {
	if len(b) < 2 || b[0] != 0 {
		return "coding style of a component"
	}
	return w.style(b[2:], b[1]&1 != 0)
}

// style reads SPcod (Tables A.15 and A.20): levels, width and height of code-blocks,
// their style, the wavelet, and sizes of precincts.
func (w *walker) style(b []byte, precincts bool) string {
	if len(b) < 5 || b[0] > maxLevels {
		return "levels"
	}
	levels, wide, high := int(b[0]), int(b[1])+2, int(b[2])+2
	want := 5
	if precincts {
		want += levels + 1
	}
	switch {
	case wide > 10 || high > 10 || wide+high > 12:
		return "code-blocks"
	case b[4] > 1:
		return "wavelet"
	case len(b) != want:
		return "precincts"
	}
	// 2.5.0 writes past a buffer where the block coder changes from one tile to the next.
	ht := b[3]&0x40 != 0
	if w.styled && ht != w.info.HighThroughput {
		return "block coders of two kinds"
	}
	w.styled, w.info.HighThroughput = true, ht
	w.info.Reversible = w.info.Reversible && b[4] == 1
	w.precincts = max(w.precincts, w.countPrecincts(levels, b[5:]))
	if w.precincts*max(1, w.layers) > maxPackets {
		return "too many packets"
	}
	return ""
}

// countPrecincts is at most how many precincts all resolutions of all tiles have (B.6),
// each of which has a packet in each layer. Without sizes they are 2^15 wide and high.
func (w *walker) countPrecincts(levels int, sizes []byte) int {
	sum := 0
	for r := range levels + 1 {
		x, y := 15, 15
		if r < len(sizes) {
			x, y = int(sizes[r]&15), int(sizes[r]>>4)
		}
		scale := 1 << (levels - r)
		n := parts(parts(w.tileCols, scale), 1<<x)
		m := parts(parts(w.tileRows, scale), 1<<y)
		if w.tiles > 1 { // a tile need not start where a precinct does
			n, m = n+1, m+1
		}
		sum += n * m
	}
	return sum * w.tiles
}

// parts is how many pieces of size n make up the whole.
func parts(whole, n int) int { return (whole + n - 1) / n }
