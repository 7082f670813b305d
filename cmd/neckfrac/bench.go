package main

import (
	"fmt"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/bench"
)

// BenchCmd groups the frozen benchmarks. Two verbs are enough: what verify measures it
// has to generate anyway, and a written benchmark is a folder of studies like any other.
type BenchCmd struct {
	Verify BenchVerifyCmd `cmd:"" help:"Make every study in memory, compare with what was frozen, and measure how hard they are. Example: neckfrac bench verify --out report"`
	Write  BenchWriteCmd  `cmd:"" help:"Write a benchmark's studies, some 50 MB each. Example: neckfrac bench write --out v1"`
}

// BenchRecipe chooses the benchmark.
type BenchRecipe struct {
	Recipe string `default:"v1" help:"v1, or the file of a recipe." placeholder:"v1|FILE"`
}

func (b BenchRecipe) open() (bench.Recipe, []bench.Entry, error) {
	if b.Recipe == "v1" {
		return bench.V1(), bench.V1Studies(), nil
	}
	r, err := bench.ReadRecipe(b.Recipe)
	return r, nil, err
}

// BenchVerifyCmd checks a benchmark and proves its difficulty.
type BenchVerifyCmd struct {
	BenchRecipe
	Out string `required:"" help:"Folder for difficulty.txt, difficulty.json, studies.tsv and progress.jsonl, by which a stopped run goes on." placeholder:"DIR"`
	N   int    `short:"n" help:"The first studies only; 0 takes all." placeholder:"COUNT"`
}

// Run exits 1 if anything differs from what was frozen.
func (c BenchVerifyCmd) Run(rt *Runtime) error {
	recipe, list, err := c.open()
	if err != nil {
		return err
	}
	p := newProgress(rt, recipe.Studies, recipe.Name)
	studies, err := bench.Run{Recipe: recipe, Dir: c.Out, Count: c.N, Progress: p.set}.Studies(rt.Context)
	p.end()
	if err != nil {
		return err
	}
	fmt.Fprintln(rt.Stderr, "figures and their intervals: about a minute")
	r := bench.Judge(recipe, list, studies)
	if err := writeWhole(filepath.Join(c.Out, "difficulty.json"), r.WriteJSON); err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(c.Out, "difficulty.txt"), r.WriteText); err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(c.Out, "studies.tsv"), bench.Listed(studies).WriteText); err != nil {
		return err
	}
	if err := r.WriteText(rt.Stdout); err != nil {
		return err
	}
	return refuseChanged(r.Comparison)
}

// BenchWriteCmd writes a benchmark to disk.
type BenchWriteCmd struct {
	BenchRecipe
	Out    string `required:"" help:"Folder to write to; a stopped run goes on." placeholder:"DIR"`
	Layout string `enum:"dicom,rsna" default:"dicom" help:"Layout on disk: a folder per study, or that of the RSNA 2022 fracture data."`
	Twins  bool   `help:"Also write the unfractured twin of every patient with a visible fracture, into DIR/twins."`
}

// Run exits 1 if the digest is not the one that was frozen.
func (c BenchWriteCmd) Run(rt *Runtime) error {
	recipe, _, err := c.open()
	if err != nil {
		return err
	}
	p := newProgress(rt, recipe.Studies, recipe.Name)
	files := bench.Files{Recipe: recipe, Layout: layouts[c.Layout], Progress: p.set}
	index, err := files.Write(rt.Context, c.Out)
	p.end()
	if err != nil {
		return err
	}
	fmt.Fprintf(rt.Stdout, "%s: %d studies, generator %s, digest %s\n", recipe.Name, len(index.Studies), index.Generator, index.Digest)
	if c.Twins {
		p := newProgress(rt, recipe.Studies, "twins")
		files.Progress = p.set
		twins, err := files.WriteTwins(rt.Context, c.Out, index)
		p.end()
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.Stdout, "%d twins, digest %s\n", len(twins.Studies), twins.Digest)
	}
	return refuseChanged(bench.CompareIndex(recipe, index))
}

func refuseChanged(c bench.Comparison) error {
	if c.Verdict == bench.Differs {
		return neckfrac.Errorf(neckfrac.Conflict, "bench", "not the studies that were frozen: digest %.16s, want %.16s", c.Digest, c.Want)
	}
	return nil
}
