package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// journalName is the file of finished studies: a line of settings, then a line each.
const journalName = "progress.jsonl"

// maxLine bounds a line of the journal: seven levels of some thirty numbers are 8 KB.
const maxLine = 1 << 16

// journalHead is the first line: what two runs into one folder must share.
type journalHead struct {
	Recipe string   `json:"recipe"`
	Names  []string `json:"names"`
}

// journal appends finished studies.
type journal struct {
	f    *os.File
	done []Study
}

// openJournal takes over what a stopped run finished. A line that was cut off, or that
// is not of the study whose turn it is, is dropped with all that follow.
func openJournal(name string, r Recipe) (*journal, error) {
	head := journalHead{r.settings(), slices.Concat(PlaceNames(), ShapeNames(), ImageNames())}
	j := &journal{}
	valid, err := j.read(name, head, r)
	if err != nil {
		return nil, err
	}
	if j.f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, "open journal", err)
	}
	if err = j.f.Truncate(valid); err == nil {
		_, err = j.f.Seek(valid, 0)
	}
	if err == nil && valid == 0 {
		err = j.write(head)
	}
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, "open journal", errors.Join(err, j.f.Close()))
	}
	return j, nil
}

// read returns the length of the lines that hold.
func (j *journal) read(name string, head journalHead, r Recipe) (valid int64, err error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, neckfrac.Wrap(neckfrac.Unavailable, "read journal", err)
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, maxLine)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return valid, nil
		}
		if valid == 0 {
			var was journalHead
			if json.Unmarshal(line, &was) != nil || was.Recipe != head.Recipe || !slices.Equal(was.Names, head.Names) {
				return 0, neckfrac.Errorf(neckfrac.Conflict, "go on", "the folder holds a run of another recipe or of other features")
			}
		} else {
			var s Study
			if json.Unmarshal(line, &s) != nil || len(j.done) == r.Studies || !s.whole() || s.Seed != r.Seed+uint64(len(j.done)) {
				return valid, nil
			}
			j.done = append(j.done, s)
		}
		valid += int64(len(line))
	}
}

// whole says that every level has all of its measures.
func (s *Study) whole() bool {
	for _, l := range s.Levels {
		scored := len(l.Shape) == len(ShapeNames()) && len(l.Image) == len(ImageNames())
		if len(l.Place) != len(PlaceNames()) || l.Field == "" || !scored && (l.Shape != nil || l.Image != nil) {
			return false
		}
	}
	return true
}

func (j *journal) write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = j.f.Write(append(b, '\n'))
	return err
}

func (j *journal) add(s Study) error {
	j.done = append(j.done, s)
	return j.write(s)
}
