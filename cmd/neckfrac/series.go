package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// SeriesCmd groups what is said of series.
type SeriesCmd struct {
	Explain SeriesExplainCmd `cmd:"" help:"Show which series of a study is analysed and why the others are not; try other rules on past studies. Example: neckfrac series explain study/ --rules mine.json"`
	Rules   SeriesRulesCmd   `cmd:"" help:"Print the rules that choose, to start a file for --rules from. Example: neckfrac series rules > mine.json"`
}

// SeriesExplainCmd explains the choice of series. It exits with 0 if every study has a
// series that can be analysed, with 3 if one has none, and writes nothing.
type SeriesExplainCmd struct {
	Of     []string `arg:"" optional:"" name:"study|dir" help:"Folders or files; or Study Instance UIDs of the data directory. None: its newest studies."`
	Rules  string   `help:"Rule file to try instead of the shipped rules; also says where they choose another series than before." placeholder:"FILE"`
	Config string   `help:"YAML file." type:"existingfile" placeholder:"FILE"`
	Data   string   `help:"Data directory (data.dir)." placeholder:"DIR"`
	Limit  int      `default:"100" help:"Most studies of the data directory where none is named."`
	JSON   bool     `name:"json" help:"One JSON object a study and line."`
}

// explained is the choice in one study.
type explained struct {
	Study neckfrac.StudyUID `json:"study"`
	volume.Explanation
	// Before is the series that was analysed when the study came in, or for files the one
	// that the shipped rules choose; empty if there is none.
	Before neckfrac.SeriesUID `json:"before,omitempty"`
	// Basis is why the images were taken as complete then.
	Basis neckfrac.Basis `json:"basis,omitempty"`
	// Changed says that a rule file chooses another series than before, or none.
	Changed bool `json:"changed"`
}

// Run prints one table, or one line of JSON, per study.
func (c SeriesExplainCmd) Run(rt *Runtime) error {
	rules := volume.DefaultRules()
	if c.Rules != "" {
		r, err := readRules(c.Rules)
		if err != nil {
			return err
		}
		rules = r
	}
	if c.Limit < 1 {
		return neckfrac.Errorf(neckfrac.Invalid, "--limit", "want at least 1")
	}
	none, changed, studies := 0, 0, 0
	show := func(e explained) error {
		studies++
		if !e.Chosen {
			none++
		}
		if e.Changed {
			changed++
		}
		if c.JSON {
			return json.NewEncoder(rt.Stdout).Encode(e)
		}
		return e.print(rt.Stdout)
	}
	paths, uids, err := c.split()
	if err != nil {
		return err
	}
	if len(paths) > 0 {
		err = explainFiles(rt, paths, rules, show)
	} else {
		err = c.explainPast(rt, uids, rules, show)
	}
	if err != nil {
		return err
	}
	if c.Rules != "" {
		fmt.Fprintf(rt.Stderr, "neckfrac: the rules %s change the series of %d of %d studies\n", rules.ID, changed, studies)
	}
	if none > 0 {
		return &exitError{code: exitNotAnalysed}
	}
	return nil
}

// split tells paths from UIDs; one call has one kind.
func (c SeriesExplainCmd) split() (paths []string, uids []neckfrac.StudyUID, err error) {
	for _, of := range c.Of {
		if _, err := os.Stat(of); err == nil {
			paths = append(paths, of)
			continue
		}
		uid, err := neckfrac.ParseStudyUID(of)
		if err != nil {
			return nil, nil, neckfrac.Errorf(neckfrac.NotFound, "series explain", "%s is no file, no folder and no Study Instance UID", of)
		}
		uids = append(uids, uid)
	}
	if len(paths) > 0 && (len(uids) > 0 || c.Data != "") {
		return nil, nil, neckfrac.Errorf(neckfrac.Invalid, "series explain", "name files, or studies of a data directory, not both")
	}
	return paths, uids, nil
}

func readRules(path string) (*volume.Rules, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.NotFound, "--rules", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, volume.MaxRulesBytes+1))
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Unavailable, "--rules", err)
	}
	r, err := volume.ParseRules(text)
	if err != nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "--rules", "%s: %v", path, err)
	}
	return r, nil
}

// SeriesRulesCmd prints the shipped rules.
type SeriesRulesCmd struct{}

// Run prints the file as it is compiled in.
func (SeriesRulesCmd) Run(rt *Runtime) error {
	_, err := rt.Stdout.Write(volume.ShippedRules())
	return err
}
