package nifti

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math"
	"os"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// Voxel is a type that can be written.
type Voxel interface{ uint8 | int16 | float32 }

// Write writes a plain NIfTI-1 file with sform and qform. It fails with Invalid if
// the values do not fill the grid or the grid has no placement.
func Write[T Voxel](w io.Writer, g neckfrac.Grid, values []T) error {
	head, err := formHeader[T](g, len(values))
	if err != nil {
		return err
	}
	bw := bufio.NewWriterSize(w, 1<<16)
	if _, err := bw.Write(head); err != nil {
		return neckfrac.E("nifti: write", err)
	}
	var b [4]byte
	for _, v := range values {
		n := put(b[:], v)
		if _, err := bw.Write(b[:n]); err != nil {
			return neckfrac.E("nifti: write", err)
		}
	}
	return neckfrac.E("nifti: write", bw.Flush())
}

// WriteFile writes a file, compressed if its name ends in ".gz". Equal input gives
// equal bytes. The file is replaced at once, by renaming.
func WriteFile[T Voxel](name string, g neckfrac.Grid, values []T) (err error) {
	tmp := name + ".partial"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, "nifti: create", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(tmp)
		}
	}()
	if strings.HasSuffix(name, ".gz") {
		z, _ := gzip.NewWriterLevel(f, gzip.BestSpeed)
		if err = Write(z, g, values); err == nil {
			err = z.Close()
		}
	} else {
		err = Write(f, g, values)
	}
	if err != nil {
		return neckfrac.E("nifti: write file", err)
	}
	if err = f.Close(); err != nil {
		return neckfrac.E("nifti: write file", err)
	}
	return neckfrac.E("nifti: write file", os.Rename(tmp, name))
}

// put encodes one value and returns its size.
func put[T Voxel](b []byte, v T) int {
	switch x := any(v).(type) {
	case uint8:
		b[0] = x
		return 1
	case int16:
		binary.LittleEndian.PutUint16(b, uint16(x))
		return 2
	case float32:
		binary.LittleEndian.PutUint32(b, math.Float32bits(x))
		return 4
	}
	return 0
}

func formHeader[T Voxel](g neckfrac.Grid, n int) ([]byte, error) {
	const op = "nifti: form header"
	le := binary.LittleEndian
	b := make([]byte, headerBytes+4)
	le.PutUint32(b, headerBytes)
	le.PutUint16(b[40:], 3)
	for a := range 3 {
		if g.Dims[a] < 1 || g.Dims[a] > math.MaxInt16 || !(g.SpacingMM[a] > 0) {
			return nil, neckfrac.Errorf(neckfrac.Invalid, op, "axis %d has no extent", a)
		}
		le.PutUint16(b[42+2*a:], uint16(g.Dims[a]))
	}
	if n != g.Dims[0]*g.Dims[1]*g.Dims[2] {
		return nil, neckfrac.Errorf(neckfrac.Invalid, op, "values do not fill the grid")
	}
	for d := 4; d < 8; d++ {
		le.PutUint16(b[40+2*d:], 1)
	}
	var zero T
	datatype := map[int]uint16{1: typeUint8, 2: typeInt16, 4: typeFloat32}
	size := put(make([]byte, 4), zero)
	le.PutUint16(b[70:], datatype[size])
	le.PutUint16(b[72:], uint16(8*size))
	putF32(b, 108, headerBytes+4)
	putF32(b, 112, 1)
	b[123] = 2                // millimetres
	le.PutUint16(b[252:], 1)  // qform: scanner
	le.PutUint16(b[254:], 1)  // sform: scanner
	copy(b[148:], "neckfrac") // descrip
	copy(b[344:], "n+1\x00")  // magic
	formPlace(b, g)
	return b, nil
}

// formPlace writes sform and qform; both say the same for orthogonal grids.
func formPlace(b []byte, g neckfrac.Grid) {
	var ras [3]neckfrac.Vec3 // axes
	for a := range 3 {
		d := g.Direction[a]
		ras[a] = neckfrac.Vec3{-d[0], -d[1], d[2]}
	}
	o := neckfrac.Vec3{-g.OriginMM[0], -g.OriginMM[1], g.OriginMM[2]}
	for r := range 3 {
		for a := range 3 {
			putF32(b, 280+16*r+4*a, ras[a][r]*g.SpacingMM[a])
		}
		putF32(b, 280+16*r+12, o[r])
		putF32(b, 268+4*r, o[r])
		putF32(b, 80+4*r, g.SpacingMM[r])
	}
	fac := 1.0
	if det(ras) < 0 {
		fac = -1
		for r := range 3 {
			ras[2][r] = -ras[2][r]
		}
	}
	putF32(b, 76, fac)
	q := quaternion(ras)
	for i, v := range q {
		putF32(b, 256+4*i, v)
	}
}

func det(m [3]neckfrac.Vec3) float64 {
	return m[0][0]*(m[1][1]*m[2][2]-m[1][2]*m[2][1]) -
		m[0][1]*(m[1][0]*m[2][2]-m[1][2]*m[2][0]) +
		m[0][2]*(m[1][0]*m[2][1]-m[1][1]*m[2][0])
}

// quaternion gives (b,c,d) with a >= 0 of the rotation whose columns are the axes.
func quaternion(ax [3]neckfrac.Vec3) [3]float64 {
	r := func(i, j int) float64 { return ax[j][i] }
	tr := r(0, 0) + r(1, 1) + r(2, 2)
	var a, b, c, d float64
	switch {
	case tr > 0:
		s := 2 * math.Sqrt(tr+1)
		a, b, c, d = s/4, (r(2, 1)-r(1, 2))/s, (r(0, 2)-r(2, 0))/s, (r(1, 0)-r(0, 1))/s
	case r(0, 0) > r(1, 1) && r(0, 0) > r(2, 2):
		s := 2 * math.Sqrt(1+r(0, 0)-r(1, 1)-r(2, 2))
		a, b, c, d = (r(2, 1)-r(1, 2))/s, s/4, (r(0, 1)+r(1, 0))/s, (r(0, 2)+r(2, 0))/s
	case r(1, 1) > r(2, 2):
		s := 2 * math.Sqrt(1+r(1, 1)-r(0, 0)-r(2, 2))
		a, b, c, d = (r(0, 2)-r(2, 0))/s, (r(0, 1)+r(1, 0))/s, s/4, (r(1, 2)+r(2, 1))/s
	default:
		s := 2 * math.Sqrt(1+r(2, 2)-r(0, 0)-r(1, 1))
		a, b, c, d = (r(1, 0)-r(0, 1))/s, (r(0, 2)+r(2, 0))/s, (r(1, 2)+r(2, 1))/s, s/4
	}
	if a < 0 {
		b, c, d = -b, -c, -d
	}
	return [3]float64{b, c, d}
}

func putF32(b []byte, at int, v float64) {
	binary.LittleEndian.PutUint32(b[at:], math.Float32bits(float32(v)))
}
