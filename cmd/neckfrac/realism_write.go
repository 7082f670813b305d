package main

import (
	"encoding/json"
	"io"
	"path/filepath"

	"github.com/neckfrac/neckfrac/models/realism"
)

// write writes the report, what it was made from, and the classifier's patches.
func (c DatasetRealismCmd) write(r realism.Report, reals, synthetic measured) error {
	at := func(name string) string { return filepath.Join(c.Out, name) }
	if err := writeWhole(at("realism.json"), r.WriteJSON); err != nil {
		return err
	}
	if err := writeWhole(at("realism.txt"), r.WriteText); err != nil {
		return err
	}
	err := writeWhole(at("profiles.json"), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(struct {
			Real      []realism.Profile `json:"real"`
			Synthetic []realism.Profile `json:"synthetic"`
		}{reals.profiles, synthetic.profiles})
	})
	if err != nil || c.Whole {
		return err
	}
	samples := append(reals.samples, synthetic.samples...)
	return writeWhole(at("patches.i16"), func(values io.Writer) error {
		return writeWhole(at("patches.json"), func(index io.Writer) error {
			return realism.WriteSamples(values, index, r.CellMM, samples)
		})
	})
}
