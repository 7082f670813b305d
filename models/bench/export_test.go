package bench

import "github.com/neckfrac/neckfrac/models/evaluate"

// Row makes a row for the models.
func Row(x []float64, broken bool, group, level int) row { return row{x, broken, group, level} }

// Rows are rows of the models.
type Rows = []row

// OutOfFold cross-validates.
func OutOfFold(rows Rows, levels int) []float64 { return outOfFold(rows, levels) }

// Fit fits a ridge and returns the derivative of the penalised loss at its coefficients,
// which is 0 at the minimum, and the answers for the rows it was fitted on.
func Fit(rows Rows, levels int) (gradient, answers []float64) {
	m := fitRidge(rows, levels)
	x := make([][]float64, len(rows))
	h := make([][]float64, len(m.b))
	for a := range h {
		h[a] = make([]float64, len(m.b))
	}
	for i, r := range rows {
		x[i] = m.standard(r)
		answers = append(answers, m.probability(r))
	}
	gradient = make([]float64, len(m.b))
	m.derive(rows, x, levels, gradient, h)
	return gradient, answers
}

// Solve solves a symmetric system.
func Solve(h [][]float64, g []float64) []float64 { return solve(h, g) }

// Area is the fast interval.
func Area(s []evaluate.Sample) evaluate.Estimate { return area(s) }

// ParseList parses the committed list's form.
func ParseList(text string) ([]Entry, error) { return parseList(text) }

// SampleOf puts an answer beside a row.
func SampleOf(rows Rows, i int, p float64) evaluate.Sample {
	return samples(rows[i:i+1], []float64{p}, foldOf)[0]
}
