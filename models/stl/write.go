package stl

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"

	"github.com/neckfrac/neckfrac"
)

// Write writes a mesh with its normals; coordinates are rounded to float32. Of the title,
// 80 bytes are kept. More than 2^32-1 triangles are a Limit error.
func Write(w io.Writer, title string, mesh []Triangle) error {
	const op = "stl: write"
	if uint64(len(mesh)) > math.MaxUint32 {
		return neckfrac.Errorf(neckfrac.Limit, op, "%d triangles", len(mesh))
	}
	bw := bufio.NewWriter(w)
	var head [headerBytes + 4]byte
	copy(head[:headerBytes], title)
	binary.LittleEndian.PutUint32(head[headerBytes:], uint32(len(mesh)))
	if _, err := bw.Write(head[:]); err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	var b [triangleBytes]byte
	for _, t := range mesh {
		put(b[:], t.Normal())
		for c := range 3 {
			put(b[12+12*c:], t[c])
		}
		if _, err := bw.Write(b[:]); err != nil {
			return neckfrac.Wrap(neckfrac.Unavailable, op, err)
		}
	}
	return neckfrac.Wrap(neckfrac.Unavailable, op, bw.Flush())
}

// Normal is the unit vector that points out, zero for a triangle without area.
func (t Triangle) Normal() neckfrac.Vec3 {
	var u, v neckfrac.Vec3
	for a := range 3 {
		u[a], v[a] = t[1][a]-t[0][a], t[2][a]-t[0][a]
	}
	n := neckfrac.Vec3{u[1]*v[2] - u[2]*v[1], u[2]*v[0] - u[0]*v[2], u[0]*v[1] - u[1]*v[0]}
	size := math.Sqrt(n[0]*n[0] + n[1]*n[1] + n[2]*n[2])
	if size == 0 {
		return neckfrac.Vec3{}
	}
	for a := range 3 {
		n[a] /= size
	}
	return n
}

func put(b []byte, v neckfrac.Vec3) {
	for a := range 3 {
		binary.LittleEndian.PutUint32(b[4*a:], math.Float32bits(float32(v[a])))
	}
}
