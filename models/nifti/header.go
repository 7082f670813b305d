package nifti

import (
	"encoding/binary"
	"math"

	"github.com/neckfrac/neckfrac"
)

// headerBytes is sizeof_hdr of NIfTI-1; the voxels of a single file start at least
// four bytes later.
const headerBytes = 348

// Datatypes of NIfTI-1.
const (
	typeUint8   = 2
	typeInt16   = 4
	typeInt32   = 8
	typeFloat32 = 16
	typeFloat64 = 64
	typeUint16  = 512
)

// bytesOf is the size of a voxel, 0 for types that are not read.
func bytesOf(datatype int16) int {
	switch datatype {
	case typeUint8:
		return 1
	case typeInt16, typeUint16:
		return 2
	case typeInt32, typeFloat32:
		return 4
	case typeFloat64:
		return 8
	}
	return 0
}

// header is the part of the 348 bytes that matters here.
type header struct {
	order        binary.ByteOrder
	dims         [3]int
	datatype     int16
	offset       int
	slope, inter float64
	grid         neckfrac.Grid
}

// parseHeader reads and checks a header.
func parseHeader(b []byte, lim Limits) (header, error) {
	const op = "nifti: header"
	bad := func(format string, args ...any) (header, error) {
		return header{}, neckfrac.Errorf(neckfrac.Invalid, op, format, args...)
	}
	if len(b) < headerBytes {
		return bad("too short")
	}
	h := header{order: binary.LittleEndian}
	if h.order.Uint32(b) != headerBytes {
		if h.order = binary.BigEndian; h.order.Uint32(b) != headerBytes {
			return bad("no NIfTI-1 header size")
		}
	}
	if string(b[344:347]) != "n+1" || b[347] != 0 {
		return header{}, neckfrac.Errorf(neckfrac.Unsupported, op, "not a single-file NIfTI-1")
	}
	if err := h.parseDims(b, lim); err != nil {
		return header{}, err
	}
	h.datatype = h.i16(b, 70)
	size := bytesOf(h.datatype)
	if size == 0 || int(h.i16(b, 72)) != 8*size {
		return header{}, neckfrac.Errorf(neckfrac.Unsupported, op, "datatype %d", h.datatype)
	}
	off := h.f32(b, 108)
	if !(off >= headerBytes && off <= float64(lim.MaxOffset)) || off != math.Trunc(off) {
		return bad("voxel offset")
	}
	h.offset = int(off)
	h.slope, h.inter = h.f32(b, 112), h.f32(b, 116)
	if !finite(h.slope, h.inter) {
		return bad("scaling is not a number")
	}
	if h.slope == 0 {
		h.slope, h.inter = 1, 0
	}
	return h, h.parsePlace(b)
}

func (h *header) parseDims(b []byte, lim Limits) error {
	const op = "nifti: dimensions"
	rank := h.i16(b, 40)
	if rank < 3 || rank > 7 {
		return neckfrac.Errorf(neckfrac.Unsupported, op, "want one volume of three dimensions")
	}
	for i := int16(4); i <= rank; i++ {
		if h.i16(b, 40+2*int(i)) > 1 {
			return neckfrac.Errorf(neckfrac.Unsupported, op, "more than one volume")
		}
	}
	voxels := int64(1)
	for a := range 3 {
		n := int(h.i16(b, 42+2*a))
		if n < 1 {
			return neckfrac.Errorf(neckfrac.Invalid, op, "empty")
		}
		if n > lim.MaxSide {
			return neckfrac.Errorf(neckfrac.Limit, op, "side of more than %d voxels", lim.MaxSide)
		}
		h.dims[a] = n
		voxels *= int64(n)
	}
	if voxels > lim.MaxVoxels {
		return neckfrac.Errorf(neckfrac.Limit, op, "more than %d voxels", lim.MaxVoxels)
	}
	return nil
}

// parsePlace reads sform, qform or spacing, in this order, and turns RAS to LPS.
func (h *header) parsePlace(b []byte) error {
	const op = "nifti: placement"
	var m [3][4]float64 // RAS rows
	switch {
	case h.i16(b, 254) > 0:
		for r := range 3 {
			for c := range 4 {
				m[r][c] = h.f32(b, 280+16*r+4*c)
			}
		}
	case h.i16(b, 252) > 0:
		m = h.qform(b)
	default:
		for a := range 3 {
			m[a][a] = math.Abs(h.f32(b, 80+4*a))
		}
	}
	g := neckfrac.Grid{Dims: h.dims}
	for a := range 3 {
		v := neckfrac.Vec3{-m[0][a], -m[1][a], m[2][a]}
		n := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
		if !finite(n) || n < 1e-4 || n > 1e3 {
			return neckfrac.Errorf(neckfrac.Invalid, op, "spacing of axis %d", a)
		}
		g.SpacingMM[a] = n
		g.Direction[a] = neckfrac.Vec3{v[0] / n, v[1] / n, v[2] / n}
	}
	g.OriginMM = neckfrac.Vec3{-m[0][3], -m[1][3], m[2][3]}
	if !finite(g.OriginMM[:]...) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "origin")
	}
	for a := range 3 {
		p, q := g.Direction[a], g.Direction[(a+1)%3]
		// A shear of more than half a degree can't be told by a Grid.
		if math.Abs(p[0]*q[0]+p[1]*q[1]+p[2]*q[2]) > 0.01 {
			return neckfrac.Errorf(neckfrac.Unsupported, op, "axes are not orthogonal")
		}
	}
	h.grid = g
	return nil
}

// qform is the rotation by quaternion (b,c,d) with qfac, as nifti1.h method 2.
func (h *header) qform(b []byte) (m [3][4]float64) {
	qb, qc, qd := h.f32(b, 256), h.f32(b, 260), h.f32(b, 264)
	qa := 0.0
	if s := 1 - qb*qb - qc*qc - qd*qd; s > 0 {
		qa = math.Sqrt(s)
	}
	fac := 1.0
	if h.f32(b, 76) < 0 {
		fac = -1
	}
	r := [3][3]float64{
		{qa*qa + qb*qb - qc*qc - qd*qd, 2 * (qb*qc - qa*qd), 2 * (qb*qd + qa*qc)},
		{2 * (qb*qc + qa*qd), qa*qa + qc*qc - qb*qb - qd*qd, 2 * (qc*qd - qa*qb)},
		{2 * (qb*qd - qa*qc), 2 * (qc*qd + qa*qb), qa*qa + qd*qd - qb*qb - qc*qc},
	}
	for i := range 3 {
		for a := range 3 {
			s := h.f32(b, 80+4*a)
			if a == 2 {
				s *= fac
			}
			m[i][a] = r[i][a] * s
		}
		m[i][3] = h.f32(b, 268+4*i)
	}
	return m
}

func (h *header) i16(b []byte, at int) int16 { return int16(h.order.Uint16(b[at:])) }

func (h *header) f32(b []byte, at int) float64 {
	return float64(math.Float32frombits(h.order.Uint32(b[at:])))
}

func finite(v ...float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
