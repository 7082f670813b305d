package dataset

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
)

const (
	journalName = "progress.jsonl"
	metaName    = "dataset.json"
	// maxLine bounds a journal line: one study's row.
	maxLine = 1 << 20
)

// partFiles lists the files of a set, tensors before their rows.
func partFiles(p Parts) []string {
	var names []string
	if p != PartsCrops {
		names = append(names, "segment.i16", "segment.u8")
	}
	if p != PartsSegment {
		names = append(names, "crops.f16", "crops_map.u8", "crops.jsonl", "slices.f16", "slices.jsonl")
	}
	return names
}

// entry is a line of the journal: the study just written and the length of every
// file after it. The first line of a journal has only the fingerprint.
type entry struct {
	Fingerprint string           `json:"fingerprint,omitempty"`
	Study       *Study           `json:"study,omitempty"`
	Sizes       map[string]int64 `json:"sizes,omitempty"`
}

// writer appends studies to the files of a set, each either wholly or, after a
// stop, not at all.
type writer struct {
	dir     string
	files   map[string]*os.File
	sizes   map[string]int64
	journal *os.File
	done    []Study
	voxels  int64
	crops   int
	slices  int
}

// openWriter opens or continues a set. A journal of other inputs is a Conflict.
func openWriter(dir string, parts Parts, fingerprint string) (*writer, error) {
	const op = "dataset: open output"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, neckfrac.E(op, err)
	}
	w := &writer{dir: dir, files: map[string]*os.File{}, sizes: map[string]int64{}}
	valid, err := w.readJournal(fingerprint)
	if err != nil {
		return nil, err
	}
	for _, name := range partFiles(parts) {
		f, err := openAt(filepath.Join(dir, name), w.sizes[name])
		if err != nil {
			w.close()
			return nil, err
		}
		w.files[name] = f
	}
	w.journal, err = openAt(filepath.Join(dir, journalName), valid)
	if err != nil {
		w.close()
		return nil, err
	}
	if valid == 0 {
		if err := w.log(entry{Fingerprint: fingerprint}); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

// openAt opens a file for appending at a length that it must have reached.
func openAt(path string, size int64) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, neckfrac.E("dataset: open output", err)
	}
	st, err := f.Stat()
	if err == nil && st.Size() < size {
		err = neckfrac.Errorf(neckfrac.Conflict, "dataset: resume", "%s is shorter than the journal says; start in an empty folder", filepath.Base(path))
	}
	if err == nil {
		err = f.Truncate(size)
	}
	if err == nil {
		_, err = f.Seek(size, 0)
	}
	if err != nil {
		f.Close()
		return nil, neckfrac.E("dataset: open output", err)
	}
	return f, nil
}

// readJournal takes over what a former run wrote and returns the length of the
// journal's whole lines.
func (w *writer) readJournal(fingerprint string) (valid int64, err error) {
	f, err := os.Open(filepath.Join(w.dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, neckfrac.E("dataset: resume", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, maxLine)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil { // the end, or a line that was cut off
			return valid, nil
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return valid, nil
		}
		if valid == 0 && e.Fingerprint != fingerprint {
			return 0, neckfrac.Errorf(neckfrac.Conflict, "dataset: resume", "the folder holds a set of other inputs, specs or segmenter")
		}
		if e.Study != nil {
			w.done = append(w.done, *e.Study)
			w.sizes = e.Sizes
			w.count(*e.Study)
		}
		valid += int64(len(line))
	}
}

func (w *writer) count(s Study) {
	if b := s.Segment; b != nil {
		w.voxels += int64(b.Dims[0]) * int64(b.Dims[1]) * int64(b.Dims[2])
	}
	if s.Crops != nil {
		w.crops += s.Crops[1]
		w.slices += s.Slices[1]
	}
}

// add writes one study.
func (w *writer) add(p *piece) error {
	if p.study.Segment != nil {
		p.study.Segment.Offset = w.voxels
	}
	parts := map[string][]byte{"segment.i16": p.hu, "segment.u8": p.labels, "crops.f16": p.crops, "crops_map.u8": p.maps, "slices.f16": p.sliceData}
	if _, ok := w.files["crops.f16"]; ok {
		p.study.Crops, p.study.Slices = &[2]int{w.crops, len(p.cropRows)}, &[2]int{w.slices, len(p.sliceRows)}
		for i := range p.cropRows {
			p.cropRows[i].Index = w.crops + i
		}
		var err error
		if parts["crops.jsonl"], err = lines(p.cropRows); err != nil {
			return err
		}
		if parts["slices.jsonl"], err = lines(p.sliceRows); err != nil {
			return err
		}
	}
	sizes := map[string]int64{}
	for name, f := range w.files {
		if _, err := f.Write(parts[name]); err != nil {
			return neckfrac.E("dataset: write", err)
		}
		sizes[name] = w.sizes[name] + int64(len(parts[name]))
	}
	w.sizes = sizes
	w.done = append(w.done, p.study)
	w.count(p.study)
	return w.log(entry{Study: &p.study, Sizes: sizes})
}

func (w *writer) log(e entry) error {
	b, err := json.Marshal(e)
	if err != nil {
		return neckfrac.E("dataset: journal", err)
	}
	_, err = w.journal.Write(append(b, '\n'))
	return neckfrac.E("dataset: journal", err)
}

func (w *writer) close() error {
	var errs []error
	for _, f := range w.files {
		errs = append(errs, f.Close())
	}
	if w.journal != nil {
		errs = append(errs, w.journal.Close())
	}
	return neckfrac.E("dataset: close", errors.Join(errs...))
}

func lines[T any](rows []T) ([]byte, error) {
	var out []byte
	for _, r := range rows {
		b, err := json.Marshal(r)
		if err != nil {
			return nil, neckfrac.E("dataset: encode row", err)
		}
		out = append(append(out, b...), '\n')
	}
	return out, nil
}
