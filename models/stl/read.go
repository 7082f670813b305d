package stl

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"

	"github.com/neckfrac/neckfrac"
)

// Triangle is three corners, counter-clockwise as seen from outside.
type Triangle [3]neckfrac.Vec3

// Limits bounds what Read accepts. A zero field takes its default.
type Limits struct {
	// MaxTriangles bounds a mesh. Defaults to 1,000,000, of which triangles take 72 MB.
	MaxTriangles int
	// Reach bounds the absolute value of a coordinate. Defaults to 100,000: beyond it a
	// float32 no longer tells hundredths apart.
	Reach float64
}

func (l Limits) filled() Limits {
	if l.MaxTriangles <= 0 {
		l.MaxTriangles = 1_000_000
	}
	if l.Reach <= 0 {
		l.Reach = 100_000
	}
	return l
}

const (
	headerBytes   = 80
	triangleBytes = 50
	// chunk is read at once: a file that ends early never costs more than this beyond
	// what it delivered.
	chunk = 1024
)

// Read reads a mesh up to the end of r. Errors are neckfrac errors: Invalid for a file
// that ends early, goes on behind its last triangle or has a corner that is no place,
// Limit for more triangles than allowed.
func Read(r io.Reader, lim Limits) ([]Triangle, error) {
	const op = "stl: read"
	lim = lim.filled()
	br := bufio.NewReaderSize(r, 1<<16)
	var head [headerBytes + 4]byte
	if _, err := io.ReadFull(br, head[:]); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	total := int64(binary.LittleEndian.Uint32(head[headerBytes:]))
	if total > int64(lim.MaxTriangles) {
		return nil, neckfrac.Errorf(neckfrac.Limit, op, "%d triangles, at most %d are read", total, lim.MaxTriangles)
	}
	n := int(total)
	out := make([]Triangle, 0, min(n, chunk))
	buf := make([]byte, triangleBytes*min(n, chunk))
	for len(out) < n {
		m := min(n-len(out), chunk)
		if _, err := io.ReadFull(br, buf[:m*triangleBytes]); err != nil {
			return nil, neckfrac.Wrap(neckfrac.Invalid, op, err)
		}
		for i := range m {
			t, ok := parse(buf[i*triangleBytes:][:triangleBytes], lim.Reach)
			if !ok {
				return nil, neckfrac.Errorf(neckfrac.Invalid, op, "triangle %d: a corner is no place", len(out))
			}
			out = append(out, t)
		}
	}
	if _, err := br.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "bytes behind the last triangle: not binary STL?")
	}
	return out, nil
}

// parse takes the corners out of one record.
func parse(b []byte, reach float64) (t Triangle, ok bool) {
	for c := range 3 {
		for a := range 3 {
			v := float64(math.Float32frombits(binary.LittleEndian.Uint32(b[12+12*c+4*a:])))
			if !(v >= -reach && v <= reach) { // also refuses NaN
				return t, false
			}
			t[c][a] = v
		}
	}
	return t, true
}

// ReadFile reads a mesh from a file. A missing file is NotFound.
func ReadFile(name string, lim Limits) ([]Triangle, error) {
	f, err := os.Open(name)
	if err != nil {
		kind := neckfrac.Unavailable
		if errors.Is(err, os.ErrNotExist) {
			kind = neckfrac.NotFound
		}
		return nil, neckfrac.Errorf(kind, "stl: open", "%w", errors.Unwrap(err))
	}
	defer f.Close()
	return Read(f, lim)
}
