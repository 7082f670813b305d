package nifti

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"

	"github.com/neckfrac/neckfrac"
)

// Image is a volume of float values in the file's order, x fastest.
type Image struct {
	neckfrac.Grid
	// Value is scaled by the header's slope and intercept.
	Value []float32
}

// chunkVoxels is read at once: a stream that ends early never costs more than this
// beyond what it delivered.
const chunkVoxels = 1 << 16

// Read reads one volume, plain or gzip-compressed, told apart by its first bytes.
// Bytes behind the volume are not read. Errors are neckfrac errors: Invalid,
// Unsupported or Limit.
func Read(r io.Reader, lim Limits) (*Image, error) {
	lim = lim.filled()
	br := bufio.NewReaderSize(r, 1<<16)
	magic, err := br.Peek(2)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "nifti: read", err)
	}
	src := io.Reader(br)
	if magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, neckfrac.Wrap(neckfrac.Invalid, "nifti: gzip", err)
		}
		src = z
	}
	head := make([]byte, headerBytes)
	if _, err := io.ReadFull(src, head); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "nifti: header", err)
	}
	h, err := parseHeader(head, lim)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, src, int64(h.offset-headerBytes)); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "nifti: extension", err)
	}
	v, err := h.voxels(src)
	if err != nil {
		return nil, err
	}
	return &Image{Grid: h.grid, Value: v}, nil
}

// ReadFile reads a volume from a file.
func ReadFile(name string, lim Limits) (*Image, error) {
	f, err := os.Open(name)
	if err != nil {
		kind := neckfrac.Unavailable
		if errors.Is(err, os.ErrNotExist) {
			kind = neckfrac.NotFound
		}
		return nil, neckfrac.Errorf(kind, "nifti: open", "%w", errors.Unwrap(err))
	}
	defer f.Close()
	return Read(f, lim)
}

// voxels reads and scales the values, growing as bytes arrive.
func (h *header) voxels(src io.Reader) ([]float32, error) {
	total := h.dims[0] * h.dims[1] * h.dims[2]
	size := bytesOf(h.datatype)
	out := make([]float32, 0, min(total, chunkVoxels))
	buf := make([]byte, size*min(total, chunkVoxels))
	for len(out) < total {
		n := min(total-len(out), chunkVoxels)
		if _, err := io.ReadFull(src, buf[:n*size]); err != nil {
			return nil, neckfrac.Wrap(neckfrac.Invalid, "nifti: voxels", err)
		}
		for i := range n {
			v := value(h.order, h.datatype, buf[i*size:])*h.slope + h.inter
			if math.IsNaN(v) {
				v = 0
			}
			out = append(out, float32(v))
		}
	}
	return out, nil
}

func value(o binary.ByteOrder, datatype int16, b []byte) float64 {
	switch datatype {
	case typeUint8:
		return float64(b[0])
	case typeInt16:
		return float64(int16(o.Uint16(b)))
	case typeUint16:
		return float64(o.Uint16(b))
	case typeInt32:
		return float64(int32(o.Uint32(b)))
	case typeFloat32:
		return float64(math.Float32frombits(o.Uint32(b)))
	default:
		return math.Float64frombits(o.Uint64(b))
	}
}

// HU rounds the values to int16, clipped to its range.
func (m *Image) HU() []int16 {
	out := make([]int16, len(m.Value))
	for i, v := range m.Value {
		out[i] = int16(math.Round(math.Min(math.Max(float64(v), math.MinInt16), math.MaxInt16)))
	}
	return out
}

// Labels takes the values as label numbers; it fails with Invalid if one is no
// whole number of 0 to 255.
func (m *Image) Labels() (neckfrac.Labels, error) {
	out := neckfrac.Labels{Grid: m.Grid, Voxel: make([]uint8, len(m.Value))}
	for i, v := range m.Value {
		if v < 0 || v > 255 || v != float32(uint8(v)) {
			return neckfrac.Labels{}, neckfrac.Errorf(neckfrac.Invalid, "nifti: labels", "a value is no label")
		}
		out.Voxel[i] = uint8(v)
	}
	return out, nil
}
