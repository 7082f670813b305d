package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// schema is the version of dataset.json.
const schema = 1

// Meta is dataset.json.
type Meta struct {
	Schema int         `json:"schema"`
	Spec   input.Specs `json:"spec"`
	// Digest is the SHA-256 over name, size and SHA-256 of every tensor and row file.
	Digest  string   `json:"digest"`
	Source  Source   `json:"source"`
	Studies []Study  `json:"studies"`
	Totals  Totals   `json:"totals"`
	Files   []string `json:"files"`
}

// Source says what the set was made from.
type Source struct {
	Layout string `json:"layout"`
	// Digest is the SHA-256 over the truth files, in order.
	Digest string `json:"digest"`
	// Segmenter is the digest of the segmenter whose masks the crops were cut from.
	Segmenter string `json:"segmenter,omitempty"`
}

// Totals counts what a reader should know before training.
type Totals struct {
	Studies   int `json:"studies"`
	Positive  int `json:"positive"`
	Crops     int `json:"crops"`
	Fractured int `json:"fractured"`
	Occult    int `json:"occult"`
	Slices    int `json:"slices"`
	// Misnamed counts crops whose predicted level is not the true one; Missed counts
	// levels wholly in field that the segmenter did not find.
	Misnamed int `json:"misnamed"`
	Missed   int `json:"missed"`
	// Refused counts studies that are not in the set, mostly because the service would
	// not analyse their volume; Reasons says why.
	Refused int            `json:"refused"`
	Reasons map[string]int `json:"reasons,omitempty"`
	// Unlabelled counts studies without labels, LabelFaults those of them whose labels
	// exist but can't be used.
	Unlabelled  int `json:"unlabelled,omitempty"`
	LabelFaults int `json:"label_faults,omitempty"`
	// Boxes counts fracture boxes that became map supervision, Unplaced those that lie
	// on no broken level or on no image of the volume.
	Boxes    int `json:"boxes,omitempty"`
	Unplaced int `json:"boxes_unplaced,omitempty"`
}

func (t *Totals) leave(reason string) {
	t.Refused++
	if t.Reasons == nil {
		t.Reasons = map[string]int{}
	}
	t.Reasons[reason]++
}

// Study is a row of dataset.json.
type Study struct {
	ID      string                    `json:"id"`
	Split   string                    `json:"split"`
	Seed    uint64                    `json:"seed"`
	Label   int                       `json:"label"`
	Levels  map[neckfrac.Vertebra]int `json:"levels"`
	Occult  []neckfrac.Vertebra       `json:"occult"`
	InField []neckfrac.Vertebra       `json:"in_field"`
	Segment *Block                    `json:"segment,omitempty"`
	// Crops and Slices are the first row and the number of rows.
	Crops   *[2]int `json:"crops,omitempty"`
	Slices  *[2]int `json:"slices,omitempty"`
	NoiseHU float64 `json:"noise_hu"`
	// Labels is what the labels name: LabelsBone, LabelsSpine or LabelsNone. LabelFault
	// says why labels that exist are not used.
	Labels     string `json:"labels,omitempty"`
	LabelFault string `json:"label_fault,omitempty"`
	// Boxes and Unplaced are summed into Totals, as Misnamed and Missed are.
	Boxes    int `json:"boxes,omitempty"`
	Unplaced int `json:"boxes_unplaced,omitempty"`
	Misnamed int `json:"misnamed,omitempty"`
	Missed   int `json:"missed,omitempty"`
	// Refused is set in the journal alone: dataset.json leaves such a study out.
	Refused string `json:"refused,omitempty"`
}

// Block places a study in segment.i16 and segment.u8.
type Block struct {
	// Offset is in voxels.
	Offset int64 `json:"offset"`
	// Dims is X, Z, Y: sagittal slices.
	Dims     [3]int        `json:"dims"`
	OriginMM neckfrac.Vec3 `json:"origin_mm"`
}

// CropRow is a line of crops.jsonl.
type CropRow struct {
	Index int    `json:"index"`
	Study string `json:"study"`
	// Level is the predicted name, TruthLevel that of the bone at this place.
	Level      neckfrac.Vertebra `json:"level"`
	TruthLevel neckfrac.Vertebra `json:"truth_level"`
	Coverage   string            `json:"coverage"`
	Label      int               `json:"label"`
	Occult     bool              `json:"occult"`
	// MapKnown says that the map shows every visible fracture of the bone; it is Unknown
	// all over where a fracture was never marked.
	MapKnown bool    `json:"map_known"`
	StepMM   float64 `json:"step_mm"`
	Type     string  `json:"type"`
}

// SliceRow is a line of slices.jsonl; bit 0 of a mask is C1.
type SliceRow struct {
	Study     string  `json:"study"`
	ZMM       float64 `json:"z_mm"`
	Levels    uint8   `json:"levels"`
	Fractured uint8   `json:"fractured"`
	// Weak are levels of this slice that are broken at a place nobody marked: the slice
	// is neither a positive nor a negative of theirs.
	Weak    uint8 `json:"weak,omitempty"`
	Patient int   `json:"patient"`
}

// digestFiles hashes the files of dir in the given order.
func digestFiles(dir string, names []string) (string, error) {
	all := sha256.New()
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return "", neckfrac.E("dataset: digest", err)
		}
		h := sha256.New()
		n, err := io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", neckfrac.E("dataset: digest", err)
		}
		fmt.Fprintf(all, "%s %d %x\n", name, n, h.Sum(nil))
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// writeJSON writes a file by rename, so that it exists whole or not at all.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return neckfrac.E("dataset: encode", err)
	}
	if err := os.WriteFile(path+".tmp", append(b, '\n'), 0o644); err != nil {
		return neckfrac.E("dataset: write", err)
	}
	return neckfrac.E("dataset: write", os.Rename(path+".tmp", path))
}
