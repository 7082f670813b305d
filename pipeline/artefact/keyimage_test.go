package artefact_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/artefact"
)

var update = flag.Bool("update", false, "rewrite goldens")

// block is a volume of soft tissue, 100 mm wide, with its middle at the origin.
func block(spacing neckfrac.Vec3) *neckfrac.Volume {
	v := &neckfrac.Volume{Grid: neckfrac.Grid{
		SpacingMM: spacing, OriginMM: neckfrac.Vec3{-50, -50, -50},
		Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	}}
	for a := range 3 {
		v.Dims[a] = int(100/spacing[a]) + 1
	}
	v.HU = make([]int16, v.Len())
	for i := range v.HU {
		v.HU[i] = 40
	}
	return v
}

// paint sets the voxels of a cube around a place.
func paint(v *neckfrac.Volume, at neckfrac.Vec3, half float64, hu int16) {
	b := neckfrac.Box{Min: at, Max: at}.Grow(half)
	for k := range v.Dims[2] {
		for j := range v.Dims[1] {
			for i := range v.Dims[0] {
				if b.Contains(v.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})) {
					v.HU[v.Index(i, j, k)] = hu
				}
			}
		}
	}
}

// level is C5 around the origin, with its lesion at the given box.
func level(lesion neckfrac.Box) neckfrac.LevelPrediction {
	return neckfrac.LevelPrediction{
		Vertebra: neckfrac.C5, Coverage: neckfrac.CoverageFull, Lesion: lesion,
		Extent: neckfrac.Box{Min: neckfrac.Vec3{-25, -20, -8}, Max: neckfrac.Vec3{25, 20, 8}},
	}
}

// TestPictureSides puts bone at one side of the patient and looks where it shows.
func TestPictureSides(t *testing.T) {
	t.Parallel()
	left, back, head := neckfrac.Vec3{30, 0, 0}, neckfrac.Vec3{0, 30, 0}, neckfrac.Vec3{0, 0, 30}
	const mid, off80, off120 = artefact.SizePX / 2, 120, 80 // 30 mm in pixels of each field
	for _, tc := range []struct {
		name  string
		bone  neckfrac.Vec3
		plane neckfrac.Plane
		x, y  int
	}{
		{"left is on the right, axial", left, neckfrac.Axial, mid + off80, mid},
		{"posterior is below, axial", back, neckfrac.Axial, mid, mid + off80},
		{"posterior is on the right, sagittal", back, neckfrac.Sagittal, mid + off120, mid},
		{"head is above, sagittal", head, neckfrac.Sagittal, mid, mid - off120},
		{"left is on the right, coronal", left, neckfrac.Coronal, mid + off120, mid},
		{"head is above, coronal", head, neckfrac.Coronal, mid, mid - off120},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := block(neckfrac.Vec3{2, 2, 2})
			paint(v, tc.bone, 4, 1200)
			view, ok := artefact.LevelView(level(neckfrac.Box{}), tc.plane)
			if !ok {
				t.Fatal("no view")
			}
			img := artefact.Picture(v, view)
			bright := func(x, y int) bool { return img.GrayAt(x, y).Y > 200 }
			opposite := image.Pt(artefact.SizePX-tc.x, artefact.SizePX-tc.y)
			if !bright(tc.x, tc.y) || bright(opposite.X, opposite.Y) || bright(mid, mid) {
				t.Fatalf("bone at (%d,%d) %v, opposite %v, middle %v", tc.x, tc.y, bright(tc.x, tc.y), bright(opposite.X, opposite.Y), bright(mid, mid))
			}
		})
	}
}

// TestPictureIgnoresStorageOrder: the same patient on a lattice that runs the other way
// gives the same picture.
func TestPictureIgnoresStorageOrder(t *testing.T) {
	t.Parallel()
	v := block(neckfrac.Vec3{2, 2, 2})
	paint(v, neckfrac.Vec3{20, -10, 12}, 5, 1000)
	turned := *v
	turned.OriginMM = v.ToMM(neckfrac.Vec3{float64(v.Dims[0] - 1), 0, float64(v.Dims[2] - 1)})
	turned.Direction = [3]neckfrac.Vec3{{-1, 0, 0}, {0, 1, 0}, {0, 0, -1}}
	turned.HU = make([]int16, len(v.HU))
	for k := range v.Dims[2] {
		for j := range v.Dims[1] {
			for i := range v.Dims[0] {
				turned.HU[v.Index(v.Dims[0]-1-i, j, v.Dims[2]-1-k)] = v.HU[v.Index(i, j, k)]
			}
		}
	}
	for _, p := range neckfrac.Planes() {
		view, _ := artefact.LevelView(level(neckfrac.Box{}), p)
		if !bytes.Equal(artefact.Picture(v, view).Pix, artefact.Picture(&turned, view).Pix) {
			t.Errorf("%s differs", p)
		}
	}
}

// TestPictureWindow reads grey values: the bone window, and the floor outside.
func TestPictureWindow(t *testing.T) {
	t.Parallel()
	view, _ := artefact.LevelView(level(neckfrac.Box{}), neckfrac.Axial)
	for _, tc := range []struct {
		hu   int16
		want uint8
	}{{-1024, 0}, {-500, 0}, {40, 77}, {400, 128}, {1300, 255}, {3000, 255}} {
		v := block(neckfrac.Vec3{10, 10, 10})
		for i := range v.HU {
			v.HU[i] = tc.hu
		}
		if got := artefact.Picture(v, view).GrayAt(160, 160).Y; got != tc.want {
			t.Errorf("%d HU is grey %d, want %d", tc.hu, got, tc.want)
		}
	}
	v := block(neckfrac.Vec3{2, 2, 2})
	far := view
	far.CenterMM = neckfrac.Vec3{40, 0, 0}
	img := artefact.Picture(v, far)
	if in, out := img.GrayAt(100, 160).Y, img.GrayAt(310, 160).Y; in != 77 || out != 0 {
		t.Errorf("inside %d, outside %d, want 77 and 0", in, out)
	}
}

// TestKeyImageBox: a lesion of 16 × 12 mm with 2 mm around it is a frame of 80 × 64
// pixels of 0.25 mm around the picture's middle.
func TestKeyImageBox(t *testing.T) {
	t.Parallel()
	lesion := neckfrac.Box{Min: neckfrac.Vec3{4, -6, -3}, Max: neckfrac.Vec3{20, 6, 3}}
	img, marked, ok := artefact.KeyImage(block(neckfrac.Vec3{5, 5, 5}), level(lesion), neckfrac.Axial, neckfrac.DomainPatients)
	if !ok || !marked {
		t.Fatalf("ok %v, marked %v", ok, marked)
	}
	// The middle of the picture is pixel 159.5, the frame's sides are 40 and 32 away.
	for _, p := range []image.Point{{119, 160}, {200, 160}, {160, 127}, {160, 192}, {119, 127}, {200, 192}} {
		if img.GrayAt(p.X, p.Y).Y != 255 {
			t.Errorf("no line at %v: grey %d", p, img.GrayAt(p.X, p.Y).Y)
		}
	}
	for _, p := range []image.Point{{118, 160}, {201, 160}, {160, 126}, {160, 193}} {
		if img.GrayAt(p.X, p.Y).Y != 0 {
			t.Errorf("no rim at %v: grey %d", p, img.GrayAt(p.X, p.Y).Y)
		}
	}
	for _, p := range []image.Point{{160, 160}, {130, 140}, {110, 160}} {
		if img.GrayAt(p.X, p.Y).Y != 77 {
			t.Errorf("tissue at %v is grey %d, want 77", p, img.GrayAt(p.X, p.Y).Y)
		}
	}
	if _, marked, _ := artefact.KeyImage(block(neckfrac.Vec3{2, 2, 2}), level(neckfrac.EmptyBox()), neckfrac.Axial, ""); marked {
		t.Error("marked without a lesion")
	}
}

// TestKeyImageWords looks for each burnt word at its place.
func TestKeyImageWords(t *testing.T) {
	t.Parallel()
	sides := map[neckfrac.Plane][4]string{ // left, right, upper, lower
		neckfrac.Axial: {"R", "L", "A", "P"}, neckfrac.Sagittal: {"A", "P", "H", "F"}, neckfrac.Coronal: {"R", "L", "H", "F"},
	}
	v := block(neckfrac.Vec3{10, 10, 10})
	for plane, s := range sides {
		for _, d := range []neckfrac.Domain{neckfrac.DomainPatients, neckfrac.DomainSynthetic} {
			img, _, _ := artefact.KeyImage(v, level(neckfrac.Box{}), plane, d)
			half := artefact.SizePX / 2
			bottom := image.Rect(0, half+60, artefact.SizePX, artefact.SizePX)
			for _, w := range []struct {
				word string
				in   image.Rectangle
				want bool
			}{
				{s[0], image.Rect(0, half-20, 20, half+20), true},
				{s[1], image.Rect(artefact.SizePX-20, half-20, artefact.SizePX, half+20), true},
				{s[2], image.Rect(half-20, 0, half+20, 24), true},
				{s[3], image.Rect(half-20, half+60, half+20, artefact.SizePX), true},
				{"C5 " + string(plane), image.Rect(0, 0, half, 24), true},
				{neckfrac.PreviewCaption, image.Rect(0, half+100, artefact.SizePX, artefact.SizePX), true},
				{"Trained on synthetic CT;", bottom, d == neckfrac.DomainSynthetic},
				{"not validated on patients.", bottom, d == neckfrac.DomainSynthetic},
			} {
				if shows(img, w.in, w.word) != w.want {
					t.Errorf("%s %s: %q in %v: %v, want %v", plane, d, w.word, w.in, !w.want, w.want)
				}
			}
		}
	}
}

// shows reports whether a word's pixels are white somewhere in the region, and those
// around them black.
func shows(img *image.Gray, in image.Rectangle, word string) bool {
	glyphs := image.NewGray(image.Rect(0, 0, 7*len(word), 13))
	d := font.Drawer{Dst: glyphs, Src: image.NewUniform(color.Gray{Y: 255}), Face: basicfont.Face7x13, Dot: fixed.P(0, 11)}
	d.DrawString(word)
	for y := in.Min.Y; y+13 <= in.Max.Y; y++ {
		for x := in.Min.X; x+glyphs.Rect.Dx() <= in.Max.X; x++ {
			if matches(img, glyphs, x, y) {
				return true
			}
		}
	}
	return false
}

func matches(img, glyphs *image.Gray, x, y int) bool {
	for v := range glyphs.Rect.Dy() {
		have := img.Pix[img.PixOffset(x, y+v):]
		for u, want := range glyphs.Pix[v*glyphs.Stride : (v+1)*glyphs.Stride] {
			if (want == 255) != (have[u] == 255) {
				return false
			}
		}
	}
	return true
}

func TestKeyImageGolden(t *testing.T) {
	t.Parallel()
	v := block(neckfrac.Vec3{1, 1, 2})
	for z := -40.0; z <= 40; z += 20 {
		paint(v, neckfrac.Vec3{0, 0, z}, 7, 300)
		paint(v, neckfrac.Vec3{0, 25, z - 5}, 4, 900)
	}
	paint(v, neckfrac.Vec3{0, -3, 1}, 1, -100)
	lesion := neckfrac.Box{Min: neckfrac.Vec3{-4, -6, -4}, Max: neckfrac.Vec3{4, 2, 5}}
	for _, p := range neckfrac.Planes() {
		img, _, _ := artefact.KeyImage(v, level(lesion), p, neckfrac.DomainSynthetic)
		path := filepath.Join("testdata", "keyimage", "c5-"+string(p)+".golden.png")
		if *update {
			var b bytes.Buffer
			if err := png.Encode(&b, img); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := png.Decode(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if g, ok := want.(*image.Gray); !ok || !bytes.Equal(g.Pix, img.Pix) {
			t.Errorf("%s differs from %s", p, path)
		}
	}
}
