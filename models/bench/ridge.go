package bench

import "math"

// row is a vertebra or a patient before a model.
type row struct {
	x      []float64 // NaN where it lacks the measure
	broken bool
	group  int // patient
	level  int // stratum: its own intercept, middle and spread
}

// ridge is a logistic model: an intercept for each level, and slopes that all levels
// share, on columns standardised within the level. A level is thus judged beside its
// like, and the model needs no interaction to know that an atlas is wide.
type ridge struct {
	mean, sd [][]float64 // by level and column
	b        []float64   // intercepts, then slopes
}

const (
	slopePenalty     = 10.0 // half of it times the square of a slope is added to the loss
	interceptPenalty = 0.1  // keeps a level without fractures finite
	cutSD            = 6.0  // a measure farther out counts as this far
	newtonSteps      = 25
	newtonEnd        = 1e-8
)

// fitRidge fits by Newton's method; levels is their number.
func fitRidge(rows []row, levels int) ridge {
	m := ridge{}
	m.standards(rows, levels)
	d := levels + len(rows[0].x)
	x := make([][]float64, len(rows))
	for i, r := range rows {
		x[i] = m.standard(r)
	}
	m.b = make([]float64, d)
	grad, h := make([]float64, d), make([][]float64, d)
	for a := range h {
		h[a] = make([]float64, d)
	}
	for range newtonSteps {
		m.derive(rows, x, levels, grad, h)
		step := solve(h, grad)
		var size float64
		for a := range m.b {
			m.b[a] -= step[a]
			size = max(size, math.Abs(step[a]))
		}
		if size < newtonEnd {
			break
		}
	}
	return m
}

// derive fills gradient and Hessian (its lower half) of the penalised loss.
func (m *ridge) derive(rows []row, x [][]float64, levels int, grad []float64, h [][]float64) {
	for a := range grad {
		penalty := slopePenalty
		if a < levels {
			penalty = interceptPenalty
		}
		grad[a] = penalty * m.b[a]
		clear(h[a])
		h[a][a] = penalty
	}
	for i, r := range rows {
		p := sigmoid(m.score(x[i]))
		e, w := p, p*(1-p)
		if r.broken {
			e--
		}
		for a, xa := range x[i] {
			if xa == 0 {
				continue
			}
			grad[a] += e * xa
			ha, wa := h[a], w*xa
			for c := range a + 1 {
				ha[c] += wa * x[i][c]
			}
		}
	}
}

// standards notes middle and spread of every column at every level; a column that a
// level has no spread of says nothing there.
func (m *ridge) standards(rows []row, levels int) {
	cols := len(rows[0].x)
	m.mean, m.sd = make([][]float64, levels), make([][]float64, levels)
	for l := range levels {
		m.mean[l], m.sd[l] = make([]float64, cols), make([]float64, cols)
		for c := range cols {
			m.mean[l][c], m.sd[l][c] = spread(rows, l, c)
		}
	}
}

func spread(rows []row, level, col int) (mean, sd float64) {
	var n, s, q float64
	for _, r := range rows {
		if v := r.x[col]; r.level == level && !math.IsNaN(v) {
			n, s = n+1, s+v
		}
	}
	if n < 2 {
		return 0, 0
	}
	mean = s / n
	for _, r := range rows {
		if v := r.x[col]; r.level == level && !math.IsNaN(v) {
			q += (v - mean) * (v - mean)
		}
	}
	return mean, math.Sqrt(q / n)
}

// standard is a row as the model sees it: a one for its level, then its columns, 0 where
// a measure is missing.
func (m *ridge) standard(r row) []float64 {
	levels := len(m.mean)
	out := make([]float64, levels+len(r.x))
	out[r.level] = 1
	for c, v := range r.x {
		mean, sd := m.mean[r.level][c], m.sd[r.level][c]
		if math.IsNaN(v) || sd < 1e-9*(1+math.Abs(mean)) {
			continue
		}
		out[levels+c] = max(-cutSD, min(cutSD, (v-mean)/sd))
	}
	return out
}

func (m *ridge) score(x []float64) float64 {
	var s float64
	for a, v := range x {
		s += m.b[a] * v
	}
	return s
}

// probability is the model's answer for a row.
func (m *ridge) probability(r row) float64 { return sigmoid(m.score(m.standard(r))) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// solve solves h·s = g for a symmetric, positive definite h, of which it reads the lower
// half and leaves Cholesky's factor there. The penalties keep every pivot positive.
func solve(h [][]float64, g []float64) []float64 {
	n := len(g)
	for i := range n {
		for j := range i + 1 {
			s := h[i][j]
			for k := range j {
				s -= h[i][k] * h[j][k]
			}
			if i == j {
				h[i][i] = math.Sqrt(max(s, 1e-12))
			} else {
				h[i][j] = s / h[j][j]
			}
		}
	}
	out := make([]float64, n)
	for i := range n {
		s := g[i]
		for k := range i {
			s -= h[i][k] * out[k]
		}
		out[i] = s / h[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		s := out[i]
		for k := i + 1; k < n; k++ {
			s -= h[k][i] * out[k]
		}
		out[i] = s / h[i][i]
	}
	return out
}

// folds is the number of parts of the cross-validation, by patient.
const folds = 10

// outOfFold gives every row the answer of a model that has not seen its patient; NaN
// where the others lack a class.
func outOfFold(rows []row, levels int) []float64 {
	out := make([]float64, len(rows))
	for f := range folds {
		var train []row
		var yes int
		for _, r := range rows {
			if foldOf(r.group) != f {
				train = append(train, r)
				if r.broken {
					yes++
				}
			}
		}
		known := yes > 0 && yes < len(train)
		var m ridge
		if known {
			m = fitRidge(train, levels)
		}
		for i, r := range rows {
			if foldOf(r.group) == f {
				out[i] = math.NaN()
				if known {
					out[i] = m.probability(r)
				}
			}
		}
	}
	return out
}
