package dataset

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac"
)

const (
	// maxTableBytes bounds a table: the public ones have 130 and 600 kB.
	maxTableBytes = 64 << 20
	// maxStudyBoxes bounds the boxes of a study: the public data has up to some hundred,
	// one per slice. Each costs up to maxBoxSide² places of 40 bytes while it is used.
	maxStudyBoxes = 2000
	// maxPixel bounds a coordinate.
	maxPixel = 65535
	// maxNumber bounds an instance number.
	maxNumber = 1_000_000
)

// rsnaRow is a row of train.csv.
type rsnaRow struct {
	uid     string
	patient int
	levels  [neckfrac.Levels]int
}

// consistent reports whether the patient's label is that of the levels.
func (r rsnaRow) consistent() bool { return r.patient == slices.Max(r.levels[:]) }

func (r rsnaRow) truth() Truth {
	t := Truth{ID: r.uid, PatientLabel: r.patient, Levels: map[neckfrac.Vertebra]LevelTruth{}}
	for i, v := range neckfrac.Vertebrae() {
		t.Levels[v] = LevelTruth{Label: r.levels[i]}
	}
	return t
}

// pixelBox is a row of train_bounding_boxes.csv: pixels of one image, ends included.
type pixelBox struct {
	image                    int
	left, top, right, bottom int
}

// table reads a CSV file with a header of exactly the wanted columns, in any order, and
// gives their values in the wanted order. Errors name file and line, never a value.
func table(path string, want []string, row func(line int, values []string) error) error {
	op := "dataset: " + filepath.Base(path)
	f, err := os.Open(path)
	if err != nil {
		return neckfrac.Wrap(neckfrac.NotFound, op, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTableBytes+1))
	if err != nil {
		return neckfrac.Wrap(neckfrac.Unavailable, op, err)
	}
	if len(b) > maxTableBytes {
		return neckfrac.Errorf(neckfrac.Limit, op, "over %d bytes", maxTableBytes)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return neckfrac.Errorf(neckfrac.Invalid, op, "no header line")
	}
	at, err := columns(head, want)
	if err != nil {
		return neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	values := make([]string, len(want))
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			return neckfrac.Errorf(neckfrac.Invalid, op, "line %d: not %d comma-separated values", bad.StartLine, len(want))
		}
		if err != nil {
			return neckfrac.Wrap(neckfrac.Invalid, op, err)
		}
		line, _ := r.FieldPos(0)
		for i, c := range at {
			values[i] = strings.TrimSpace(rec[c])
		}
		if err := row(line, values); err != nil {
			return neckfrac.E(fmt.Sprintf("%s: line %d", op, line), err)
		}
	}
}

// columns finds the wanted columns in a header.
func columns(head, want []string) ([]int, error) {
	at := make([]int, len(want))
	for i, name := range want {
		at[i] = slices.IndexFunc(head, func(h string) bool { return strings.TrimSpace(h) == name })
		if at[i] < 0 {
			return nil, fmt.Errorf("no column %s", name)
		}
	}
	if len(head) != len(want) {
		return nil, fmt.Errorf("%d columns, want %s", len(head), strings.Join(want, ","))
	}
	return at, nil
}

// readRSNALabels reads train.csv; rows are sorted by identifier.
func readRSNALabels(path string) ([]rsnaRow, error) {
	want := []string{"StudyInstanceUID", "patient_overall"}
	for _, v := range neckfrac.Vertebrae() {
		want = append(want, v.String())
	}
	var out []rsnaRow
	seen := map[string]bool{}
	err := table(path, want, func(_ int, values []string) error {
		r := rsnaRow{uid: strings.Clone(values[0])}
		switch {
		case !folderName(r.uid):
			return neckfrac.Errorf(neckfrac.Invalid, "study", "no UID")
		case seen[r.uid]:
			return neckfrac.Errorf(neckfrac.Invalid, "study", "occurs twice")
		case len(out) == maxStudies:
			return neckfrac.Errorf(neckfrac.Limit, "study", "more than %d", maxStudies)
		}
		seen[r.uid] = true
		for i, s := range values[1:] {
			if s != "0" && s != "1" {
				return neckfrac.Errorf(neckfrac.Invalid, want[i+1], "neither 0 nor 1")
			}
			if v := int(s[0] - '0'); i == 0 {
				r.patient = v
			} else {
				r.levels[i-1] = v
			}
		}
		out = append(out, r)
		return nil
	})
	if err == nil && len(out) == 0 {
		err = neckfrac.Errorf(neckfrac.NotFound, "dataset: list studies", "%s has no study", rsnaLabels)
	}
	slices.SortFunc(out, func(a, b rsnaRow) int { return strings.Compare(a.uid, b.uid) })
	return out, err
}

// folderName reports whether s is a UID, so that it can name a folder and lead nowhere
// else.
func folderName(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '.' {
		return false
	}
	return strings.Trim(s, "0123456789.") == ""
}

// readRSNABoxes reads train_bounding_boxes.csv by study. Without the file there are none.
// Coordinates may have fractions: a box has the pixels that it touches.
func readRSNABoxes(path string) (map[string][]pixelBox, error) {
	out := map[string][]pixelBox{}
	want := []string{"StudyInstanceUID", "x", "y", "width", "height", "slice_number"}
	err := table(path, want, func(_ int, values []string) error {
		var q [5]float64
		for i, s := range values[1:] {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil || !(math.Abs(v) <= maxNumber) {
				return neckfrac.Errorf(neckfrac.Invalid, want[i+1], "no number")
			}
			q[i] = v
		}
		x, y, w, h, n := q[0], q[1], q[2], q[3], q[4]
		switch {
		case !folderName(values[0]):
			return neckfrac.Errorf(neckfrac.Invalid, "study", "no UID")
		case max(math.Abs(x), math.Abs(y), w, h) > maxPixel || w <= 0 || h <= 0:
			return neckfrac.Errorf(neckfrac.Invalid, "box", "outside any image or empty")
		case n != math.Trunc(n) || n < 0:
			return neckfrac.Errorf(neckfrac.Invalid, "slice_number", "no instance number")
		case len(out[values[0]]) == maxStudyBoxes:
			return neckfrac.Errorf(neckfrac.Limit, "study", "more than %d boxes", maxStudyBoxes)
		}
		uid := strings.Clone(values[0])
		out[uid] = append(out[uid], pixelBox{image: int(n), left: int(math.Floor(x)), top: int(math.Floor(y)),
			right: int(math.Ceil(x+w)) - 1, bottom: int(math.Ceil(y+h)) - 1})
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	return out, err
}
