package phantom

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/neckfrac/neckfrac"
)

// rsnaJournal is the name of the file that lets a run in LayoutRSNA go on: a line of
// settings and one for each finished study. It goes when the tables are written, which
// hold what it held.
const rsnaJournal = "progress.jsonl"

// maxJournalLine bounds a line: some thousand boxes of 40 bytes.
const maxJournalLine = 1 << 20

// rsnaEntry is a line of the journal.
type rsnaEntry struct {
	// Settings is in the first line alone.
	Settings string     `json:"settings,omitempty"`
	Study    IndexEntry `json:"study"`
	Labels   []string   `json:"labels,omitempty"`
	Boxes    [][]string `json:"boxes,omitempty"`
}

// settings names all that two runs into one folder must share. The number of studies is
// not among them: a run may be told to make more or fewer before it goes on.
func (s Set) settings(first Config) string {
	return fmt.Sprintf("%s, anatomy %s, seed %d, acquired %s, %s", first.Edition, first.Anatomy.Name(), first.Seed,
		s.Acquired.UTC().Format(time.RFC3339Nano), first.recipe())
}

// journal appends finished studies.
type journal struct {
	f    *os.File
	done []rsnaEntry
}

// openJournal takes over what a stopped run finished. A line that was cut off is dropped
// and its study made again. Another run's journal is a Conflict.
func openJournal(dir, settings string) (*journal, error) {
	name := filepath.Join(dir, rsnaJournal)
	j := &journal{}
	valid, err := j.read(name, settings)
	if err != nil {
		return nil, err
	}
	if j.f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, err
	}
	if err = j.f.Truncate(valid); err == nil {
		_, err = j.f.Seek(valid, 0)
	}
	if err == nil && valid == 0 {
		err = j.write(rsnaEntry{Settings: settings})
	}
	if err != nil {
		return nil, errors.Join(err, j.f.Close())
	}
	return j, nil
}

// read returns the length of the whole lines.
func (j *journal) read(name, settings string) (valid int64, err error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, maxJournalLine)
	for {
		line, err := r.ReadSlice('\n')
		var e rsnaEntry
		if err != nil || json.Unmarshal(line, &e) != nil {
			return valid, nil
		}
		switch {
		case valid == 0 && e.Settings != settings:
			return 0, neckfrac.Errorf(neckfrac.Conflict, "keep studies", "the folder holds studies of other settings")
		case valid > 0 && len(j.done) < MaxSet:
			j.done = append(j.done, e)
		}
		valid += int64(len(line))
	}
}

func (j *journal) write(e rsnaEntry) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = j.f.Write(append(b, '\n'))
	return err
}

// add notes a study whose files are all written.
func (j *journal) add(e rsnaEntry) error {
	j.done = append(j.done, e)
	return j.write(e)
}
