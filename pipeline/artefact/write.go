package artefact

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"image/png"
	"io"
	"os"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// Write draws all artefacts of a prediction into dir, which exists and is private to
// the run: three key images for each level wholly in field, the preview, and the mask
// where the prediction has one. The artefacts have File, Blob, and everything else but
// an ID. A prediction without levels in field gives none.
//
// An error (Invalid for a volume or mask whose values don't fill its grid, Unavailable
// for an ended ctx or a full disk) may leave files in dir; the owner removes dir.
func Write(ctx context.Context, dir string, v *neckfrac.Volume, p neckfrac.Prediction) ([]neckfrac.Artefact, error) {
	if err := check(v, p.Mask); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, "write artefacts", err)
	}
	defer func() { _ = root.Close() }()
	w := writer{ctx: ctx, root: root}
	for _, l := range p.Levels {
		if l.Coverage != neckfrac.CoverageFull {
			continue
		}
		for _, plane := range neckfrac.Planes() {
			w.keyImage(v, l, plane, p.Pack.Domain)
		}
	}
	if c, ok := newCrop(v, p); ok {
		w.preview(c)
		if p.Mask != nil {
			w.mask(c, p.Mask)
		}
	}
	if w.err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, "write artefacts", w.err)
	}
	return w.out, nil
}

// check keeps a broken grid from becoming an index out of range.
func check(v *neckfrac.Volume, m *neckfrac.Labels) error {
	if !fills(v.Grid, len(v.HU)) || m != nil && !fills(m.Grid, len(m.Voxel)) {
		return neckfrac.Errorf(neckfrac.Invalid, "write artefacts", "values do not fill the grid")
	}
	return nil
}

func fills(g neckfrac.Grid, n int) bool {
	for a := range 3 {
		if g.Dims[a] <= 0 || !(g.SpacingMM[a] > 0) {
			return false
		}
	}
	return g.Len() == n
}

// writer keeps the first error, so that the list of artefacts reads as a list.
type writer struct {
	ctx  context.Context
	root *os.Root
	out  []neckfrac.Artefact
	err  error
}

func (w *writer) keyImage(v *neckfrac.Volume, l neckfrac.LevelPrediction, p neckfrac.Plane, d neckfrac.Domain) {
	if w.err != nil {
		return
	}
	img, marked, ok := KeyImage(v, l, p, d)
	if !ok {
		return
	}
	w.file(neckfrac.Artefact{
		Kind: neckfrac.ArtefactKeyImage, Vertebra: l.Vertebra, Plane: p, Marked: marked,
		ContentType: "image/png", File: strings.ToLower(l.Vertebra.String()) + "-" + string(p) + ".png",
	}, func(f io.Writer) error { return png.Encode(f, img) })
}

func (w *writer) preview(c crop) {
	hu := make([]int16, c.Dims[0]*c.Dims[1])
	raw := make([]byte, 2*len(hu))
	w.file(neckfrac.Artefact{Kind: neckfrac.ArtefactPreview, ContentType: gzipType, Grid: c.Grid, File: "preview.i16.gz"},
		zipped(c.Dims[2], func(k int) []byte {
			c.slice(k, hu)
			for i, v := range hu {
				binary.LittleEndian.PutUint16(raw[2*i:], uint16(v))
			}
			return raw
		}))
}

func (w *writer) mask(c crop, m *neckfrac.Labels) {
	raw := make([]byte, c.Dims[0]*c.Dims[1])
	w.file(neckfrac.Artefact{Kind: neckfrac.ArtefactMask, ContentType: gzipType, Grid: c.Grid, File: "mask.u8.gz"},
		zipped(c.Dims[2], func(k int) []byte { c.labels(m, k, raw); return raw }))
}

const gzipType = "application/gzip"

// zipped writes n slices through gzip. The fastest level: a preview is read a few
// times and made while somebody waits.
func zipped(n int, slice func(k int) []byte) func(io.Writer) error {
	return func(f io.Writer) error {
		z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
		if err != nil {
			return err
		}
		for k := range n {
			if _, err := z.Write(slice(k)); err != nil {
				return err
			}
		}
		return z.Close()
	}
}

// file creates a file of the folder, fills it and records it with its digest.
func (w *writer) file(a neckfrac.Artefact, fill func(io.Writer) error) {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err != nil {
		return
	}
	f, err := w.root.OpenFile(a.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		w.err = err
		return
	}
	sum := sha256.New()
	count := &counter{w: io.MultiWriter(f, sum)}
	w.err = fill(count)
	if err := f.Close(); w.err == nil {
		w.err = err
	}
	a.Blob = neckfrac.BlobRef{Digest: hex.EncodeToString(sum.Sum(nil)), Size: count.n}
	w.out = append(w.out, a)
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
