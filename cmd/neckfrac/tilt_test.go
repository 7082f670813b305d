package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/models/phantom"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// tiltedTwins are what a scanner sends of one patient with and without a fracture, and the
// volumes made of it.
func tiltedTwins(t *testing.T, degrees float64) (drawn [2]*phantom.Study, files [2][]volume.Input, got [2]volume.Assembled) {
	t.Helper()
	for i, intact := range []bool{false, true} {
		s, err := phantom.Generate(phantom.Config{Seed: 63, Mode: phantom.Forced, Matrix: 128, MaxSlices: 120, Protocol: phantom.ProtocolDiagnostic,
			Coverage: phantom.CoverageFull, Intact: intact, Form: phantom.Form{TiltDegrees: degrees},
			Fractures: []phantom.FractureSpec{{Level: neckfrac.C6, Type: phantom.SpinousProcess}}})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := s.WriteDICOM(dir, time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		in, open, err := openInputs([]string{dir})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closeAll(open) })
		drawn[i], files[i] = s, in
		if got[i], err = volume.Assemble(t.Context(), in, volume.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	return drawn, files, got
}

// changed is the middle of what differs between two volumes on one grid, weighed by how
// much, and how much differs in each slice.
func changed(t *testing.T, a, b *neckfrac.Volume) (middle neckfrac.Vec3, slices []float64) {
	t.Helper()
	if a.Grid != b.Grid {
		t.Fatalf("twins on grids %+v and %+v", a.Grid, b.Grid)
	}
	slices = make([]float64, a.Dims[2])
	sum := 0.0
	for at := range a.HU {
		d := math.Abs(float64(a.HU[at]) - float64(b.HU[at]))
		if d < 200 {
			continue
		}
		i, j, k := at%a.Dims[0], at/a.Dims[0]%a.Dims[1], at/(a.Dims[0]*a.Dims[1])
		p := a.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
		for c := range 3 {
			middle[c] += d * p[c]
		}
		sum += d
		slices[k] += d
	}
	for c := range 3 {
		middle[c] /= sum
	}
	return middle, slices
}

// TestTiltedLesionIsWhereItWasDrawn: a fracture of a spinous process, far behind the middle
// of its vertebra, seen through a gantry that leans either way. Its place in patient
// millimetres is the drawn one, and the instance that the volume names for the slice that
// shows most of it is the file that shows most of it.
func TestTiltedLesionIsWhereItWasDrawn(t *testing.T) {
	t.Parallel()
	for _, degrees := range []float64{0, 20, -20} {
		t.Run(fmt.Sprint(degrees), func(t *testing.T) {
			t.Parallel()
			drawn, files, got := tiltedTwins(t, degrees)
			want, _ := changed(t, &drawn[0].Volume, &drawn[1].Volume)
			at, slices := changed(t, got[0].Volume, got[1].Volume)
			for c := range 3 {
				if d := at[c] - want[c]; math.Abs(d) > 1 {
					t.Errorf("lesion at %.1f, drawn at %.1f", at, want)
				}
			}
			key := 0
			for k := range slices {
				if slices[k] > slices[key] {
					key = k
				}
			}
			u, _ := got[0].Volume.Cite(key)
			twin, _ := got[1].Volume.Cite(key)
			most, name := 0.0, neckfrac.InstanceUID("")
			for k := range got[0].Volume.Source {
				a, _ := got[0].Volume.Cite(k)
				b, _ := got[1].Volume.Cite(k)
				if d := pixelsDiffer(t, fileOf(t, files[0], a), fileOf(t, files[1], b)); d > most {
					most, name = d, a
				}
			}
			if name != u || most == 0 {
				t.Errorf("the lesion shows most in another file than %s, twin %s, is named", u, twin)
			}
			// The slice that a place is in is the one whose file's plane it lies in, and that
			// file shows the lesion.
			v := got[0].Volume
			near := int(math.Round(v.ToIndex(want)[2]))
			u, _ = v.Cite(near)
			twin, _ = got[1].Volume.Cite(near)
			if d := planeDistance(t, fileOf(t, files[0], u), want); math.Abs(d) > v.SpacingMM[2]/2+0.01 {
				t.Errorf("the file of the lesion's slice lies %.2f mm beside it, the step is %.2f mm", d, v.SpacingMM[2])
			}
			if d := pixelsDiffer(t, fileOf(t, files[0], u), fileOf(t, files[1], twin)); d < most/5 {
				t.Errorf("the file of the lesion's slice shows %.0f %% of what the best one shows", 100*d/most)
			}
			if math.Abs(got[0].ShearDegrees-math.Abs(degrees)) > 0.05 {
				t.Errorf("tilt %v undone, want %v", got[0].ShearDegrees, degrees)
			}
		})
	}
}

func fileOf(t *testing.T, in []volume.Input, u neckfrac.InstanceUID) dataset.Dataset {
	t.Helper()
	for _, x := range in {
		if x.Instance != u {
			continue
		}
		_, r, err := dataset.ReadPart10(io.NewSectionReader(x.File, 0, x.Size), dataset.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		ds, err := r.ReadDataset()
		if err != nil {
			t.Fatal(err)
		}
		return ds
	}
	t.Fatalf("no file %s", u)
	return nil
}

// pixelsDiffer sums the differences over 200 of two images' stored values.
func pixelsDiffer(t *testing.T, a, b dataset.Dataset) float64 {
	t.Helper()
	x, _ := a.Bytes(dataset.TagPixelData)
	y, _ := b.Bytes(dataset.TagPixelData)
	if len(x) != len(y) || len(x) == 0 {
		t.Fatalf("%d and %d bytes of pixels", len(x), len(y))
	}
	if bytes.Equal(x, y) {
		return 0
	}
	sum := 0.0
	for i := 0; i+1 < len(x); i += 2 {
		v := func(p []byte) float64 { return float64(int16(uint16(p[i]) | uint16(p[i+1])<<8)) }
		if d := math.Abs(v(x) - v(y)); d >= 200 {
			sum += d
		}
	}
	return sum
}

// planeDistance is how far a place lies off an image's plane, by its header.
func planeDistance(t *testing.T, ds dataset.Dataset, mm neckfrac.Vec3) float64 {
	t.Helper()
	p, _ := ds.Floats(dataset.TagImagePositionPatient)
	o, _ := ds.Floats(dataset.TagImageOrientationPatient)
	if len(p) != 3 || len(o) != 6 {
		t.Fatal("no place")
	}
	n := [3]float64{o[1]*o[5] - o[2]*o[4], o[2]*o[3] - o[0]*o[5], o[0]*o[4] - o[1]*o[3]}
	d := 0.0
	for c := range 3 {
		d += n[c] * (mm[c] - p[c])
	}
	return d
}

// TestShippedPackOnATiltedScan: what the pack says of a scan that leans is said of the
// patient's own millimetres, and the key slice of each level passes through the box that
// it is the key of.
func TestShippedPackOnATiltedScan(t *testing.T) {
	pack := shippedPack(t)
	r := startShipped(t, pack)
	p, err := phantom.Generate(phantom.Config{Seed: 7, Mode: phantom.Forced, Coverage: phantom.CoverageFull, Protocol: phantom.ProtocolDiagnostic,
		Fractures: []phantom.FractureSpec{{Level: neckfrac.C5, Type: phantom.Burst}}, Form: phantom.Form{TiltDegrees: 15}})
	if err != nil {
		t.Fatal(err)
	}
	at, dir := time.Now(), t.TempDir()
	if err := p.WriteDICOM(dir, at); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := run(t, nil, "send", r.DICOMAddr, dir); code != exitOK {
		t.Fatalf("send: %s", stderr)
	}
	in, open, err := openInputs([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(open)
	a := r.await(t, testStudy{uid: studyUIDOf(t, fileOf(t, in, in[0].Instance))}, 1).Latest
	if a.Status != neckfrac.Analysed || math.Abs(a.ShearDegrees-15) > 0.1 {
		t.Fatalf("%s (%s), tilt %v", a.Status, a.Reason, a.ShearDegrees)
	}
	for _, f := range a.Findings {
		if f.Presence == neckfrac.NotImaged {
			t.Logf("%v: %v", f.Vertebra, f.Coverage)
			continue
		}
		truth := p.Truth.Levels[f.Vertebra].BoxMM
		c := f.Extent.Center()
		for i := range 3 {
			if mid := (truth[i] + truth[i+3]) / 2; math.Abs(c[i]-mid) > 6 {
				t.Errorf("%v in the middle of %.1f, drawn round %.1f", f.Vertebra, c, truth)
				break
			}
		}
		file := fileOf(t, in, f.KeySlice)
		// The key height lies in the box; so does the slice, at the box's middle.
		box := f.Lesion
		half := (box.Max[2] - box.Min[2]) / 2
		if d := planeDistance(t, file, box.Center()); math.Abs(d) > half+2 {
			t.Errorf("%v: key slice lies %.1f mm beside the middle of a box of %.1f mm", f.Vertebra, d, 2*half)
		}
	}
	if f, _ := a.Finding(neckfrac.C5); f.Presence != neckfrac.Suspected {
		t.Errorf("C5 is %v at %.2f", f.Presence, f.Probability)
	}
}

// TestShippedPackWithoutASpine: a bright column in water, and air alone, hold no vertebra.
func TestShippedPackWithoutASpine(t *testing.T) {
	pack := shippedPack(t)
	r := startShipped(t, pack)
	column, air := newStudy(7701), newStudy(7702)
	column.send(t, r.DICOMAddr, 0, column.slices)
	air.sendEdited(t, r.DICOMAddr, func(_ int, ds dataset.Dataset) dataset.Dataset {
		px, _ := ds.Bytes(dataset.TagPixelData)
		return ds.Put(dataset.NewBytes(dataset.TagPixelData, dataset.OW, bytes.Repeat([]byte{0x18, 0xFC}, len(px)/2))) // -1000 HU
	})
	for _, s := range []testStudy{column, air} {
		if a := r.await(t, s, 1).Latest; a.Status != neckfrac.NotAnalysed || a.Reason != neckfrac.CoverageShort {
			t.Errorf("%s: %s %s, want not analysed for its coverage", s.uid, a.Status, a.Reason)
		}
		r.wantReason(t, s, neckfrac.CoverageShort, true)
	}
}
