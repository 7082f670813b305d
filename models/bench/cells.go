package bench

import (
	"slices"

	"github.com/neckfrac/neckfrac/models/evaluate"
)

// Cell is a group of fractures held against all whole vertebrae of the same levels.
type Cell struct {
	By   string `json:"by"`
	Name string `json:"name"`
	// N is the number of fractures.
	N     int               `json:"n"`
	Best  evaluate.Estimate `json:"best_feature"`
	Ridge evaluate.Estimate `json:"all_features"`
}

// class is a half-open range of a fracture's measure.
type class struct {
	name string
	less float64
}

// Widths are those that the generator draws from; a wedge is pressed together and has no
// gap. Contrast to noise starts at 2, below which a fracture is occult.
var (
	widthClasses = []class{{"no gap (compression)", 1e-9}, {"hairline, below 0.5 mm", 0.5}, {"usual, 0.5 to 1.5 mm", 1.5}, {"wide, from 1.5 mm", 1e9}}
	cnrClasses   = []class{{"contrast to noise below 8", 8}, {"8 to 16", 16}, {"16 to 32", 32}, {"from 32", 1e9}}
)

func classOf(v float64, of []class) string {
	for _, c := range of {
		if v < c.less {
			return c.name
		}
	}
	return of[len(of)-1].name
}

// cells splits the fractures three ways. rows, best and ridge are of the same vertebrae.
func (t *table) cells(rows []row, best, ridge []float64) []Cell {
	var out []Cell
	split := func(by string, names []string, of func(*Level) string) {
		for _, name := range names {
			in := func(l *Level) bool { return of(l) == name }
			c := Cell{By: by, Name: name, Best: t.cell(rows, best, onePart, in), Ridge: t.cell(rows, ridge, foldOf, in)}
			for _, r := range rows {
				if l := &t.studies[r.group].Levels[r.level]; r.broken && in(l) {
					c.N++
				}
			}
			if c.N > 0 {
				out = append(out, c)
			}
		}
	}
	width := func(l *Level) string { return classOf(l.WidthMM, widthClasses) }
	cnr := func(l *Level) string { return classOf(l.CNR, cnrClasses) }
	split("width", names(widthClasses), width)
	split("contrast to noise", names(cnrClasses), cnr)
	var crossed, types []string
	for _, w := range names(widthClasses) {
		for _, c := range names(cnrClasses) {
			crossed = append(crossed, w+"; "+c)
		}
	}
	split("width and contrast to noise", crossed, func(l *Level) string { return width(l) + "; " + cnr(l) })
	for _, r := range rows {
		if ty := string(t.studies[r.group].Levels[r.level].Type); r.broken && !slices.Contains(types, ty) {
			types = append(types, ty)
		}
	}
	slices.Sort(types)
	split("pattern", types, func(l *Level) string { return string(l.Type) })
	return out
}

// cell is the AUC within levels of the fractures that are in against all whole bones.
func (t *table) cell(rows []row, score []float64, p part, in func(*Level) bool) evaluate.Estimate {
	var s []evaluate.Sample
	for i, x := range samples(rows, score, p) {
		if !x.True || in(&t.studies[rows[i].group].Levels[rows[i].level]) {
			s = append(s, x)
		}
	}
	return area(s)
}

func names(of []class) []string {
	out := make([]string, len(of))
	for i, c := range of {
		out[i] = c.name
	}
	return out
}
