package stl_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/stl"
)

// corner is a tetrahedron at the origin.
var corner = []stl.Triangle{
	{{0, 0, 0}, {0, 1, 0}, {1, 0, 0}}, {{0, 0, 0}, {1, 0, 0}, {0, 0, 1}},
	{{0, 0, 0}, {0, 0, 1}, {0, 1, 0}}, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
}

func written(t testing.TB, mesh []stl.Triangle) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := stl.Write(&b, "test", mesh); err != nil {
		t.Fatalf("Write: %v", err)
	}
	return b.Bytes()
}

func ExampleRead() {
	var file bytes.Buffer
	if err := stl.Write(&file, "one triangle", []stl.Triangle{{{0, 0, 0}, {2, 0, 0}, {0, 2, 0}}}); err != nil {
		fmt.Println(err)
		return
	}
	mesh, err := stl.Read(&file, stl.Limits{})
	fmt.Println(len(mesh), mesh[0][1], mesh[0].Normal(), err)
	// Output: 1 [2 0 0] [0 0 1] <nil>
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	many := make([]stl.Triangle, 0, 4*700)
	for i := range 700 {
		for _, c := range corner {
			for k := range c {
				c[k][0] += float64(i)
			}
			many = append(many, c)
		}
	}
	for _, want := range [][]stl.Triangle{{}, corner, many} {
		got, err := stl.Read(bytes.NewReader(written(t, want)), stl.Limits{})
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d triangles, %v; want %d", len(got), err, len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("triangle %d is %v, want %v", i, got[i], want[i])
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	good := written(t, corner)
	edit := func(at int, v uint32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	for name, c := range map[string]struct {
		in   []byte
		lim  stl.Limits
		kind neckfrac.Kind
	}{
		"empty":          {nil, stl.Limits{}, neckfrac.Invalid},
		"ascii":          {[]byte("solid thing\nfacet normal 0 0 1\n"), stl.Limits{}, neckfrac.Invalid},
		"short":          {good[:len(good)-1], stl.Limits{}, neckfrac.Invalid},
		"behind":         {append(bytes.Clone(good), 0), stl.Limits{}, neckfrac.Invalid},
		"announces much": {edit(80, math.MaxUint32), stl.Limits{}, neckfrac.Limit},
		"announces more": {edit(80, 900_000), stl.Limits{}, neckfrac.Invalid},
		"one over":       {good, stl.Limits{MaxTriangles: 3}, neckfrac.Limit},
		"not a number":   {edit(84+12, math.Float32bits(float32(math.NaN()))), stl.Limits{}, neckfrac.Invalid},
		"infinite":       {edit(84+16, math.Float32bits(float32(math.Inf(1)))), stl.Limits{}, neckfrac.Invalid},
		"too far":        {good, stl.Limits{Reach: 0.5}, neckfrac.Invalid},
	} {
		if _, err := stl.Read(bytes.NewReader(c.in), c.lim); neckfrac.KindOf(err) != c.kind {
			t.Errorf("%s: %v, want kind %v", name, err, c.kind)
		}
	}
	if _, err := stl.Read(bytes.NewReader(good), stl.Limits{MaxTriangles: 4, Reach: 1}); err != nil {
		t.Errorf("at the limits: %v", err)
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "c1.stl")
	if _, err := stl.ReadFile(name, stl.Limits{}); neckfrac.KindOf(err) != neckfrac.NotFound {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(name, written(t, corner), 0o600); err != nil {
		t.Fatal(err)
	}
	if mesh, err := stl.ReadFile(name, stl.Limits{}); err != nil || len(mesh) != 4 {
		t.Errorf("%d triangles, %v", len(mesh), err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestWriteTellsOfAFullDisk(t *testing.T) {
	t.Parallel()
	if err := stl.Write(full{}, "", corner); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Errorf("%v, want unavailable", err)
	}
}

func FuzzRead(f *testing.F) {
	good := written(f, corner)
	f.Add(good)
	f.Add(good[:100])
	f.Add(written(f, nil))
	f.Add([]byte("solid"))
	f.Fuzz(func(t *testing.T, b []byte) {
		mesh, err := stl.Read(bytes.NewReader(b), stl.Limits{MaxTriangles: 5000})
		if err != nil {
			return
		}
		again, err := stl.Read(bytes.NewReader(written(t, mesh)), stl.Limits{})
		if err != nil || len(again) != len(mesh) {
			t.Fatalf("%d triangles became %d, %v", len(mesh), len(again), err)
		}
	})
}
