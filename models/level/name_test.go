package level_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/level"
)

// piece is a block of one label, its middle and half size in millimetres from the
// upper right front corner of the field.
type piece struct {
	label    uint8
	at, half [3]float64
}

func grid(zMM float64) input.Grid {
	return input.Grid{Dims: [3]int{60, 60, int(zMM / 1.5)}, SpacingMM: 1.5}
}

func paint(g input.Grid, pieces ...piece) []uint8 {
	out := make([]uint8, g.Len())
	for x := range g.Dims[0] {
		for y := range g.Dims[1] {
			for z := range g.Dims[2] {
				mm := [3]float64{float64(x) * 1.5, float64(y) * 1.5, float64(z) * 1.5}
				for _, p := range pieces {
					if math.Abs(mm[0]-p.at[0]) <= p.half[0] && math.Abs(mm[1]-p.at[1]) <= p.half[1] && math.Abs(mm[2]-p.at[2]) <= p.half[2] {
						out[g.Index(x, y, z)] = p.label
					}
				}
			}
		}
	}
	return out
}

// spine makes one block per label, 18 mm apart from the first depth on.
func spine(first float64, labels ...uint8) []piece {
	var out []piece
	for i, l := range labels {
		if l > 0 {
			out = append(out, piece{l, [3]float64{45, 30, first + 18*float64(i)}, [3]float64{14, 9, 6}})
		}
	}
	return out
}

// middles gives the label at the middle of each of n places of a spine.
func middles(g input.Grid, r level.Result, first float64, n int) []uint8 {
	out := make([]uint8, n)
	for i := range out {
		out[i] = r.Labels[g.Index(30, 20, int((first+18*float64(i))/1.5))]
	}
	return out
}

func TestName(t *testing.T) {
	t.Parallel()
	const none, partial, full = neckfrac.CoverageNone, neckfrac.CoveragePartial, neckfrac.CoverageFull
	tests := []struct {
		name   string
		zMM    float64
		first  float64
		labels []uint8
		extra  []piece
		want   []uint8 // at the places of labels
		cover  [7]neckfrac.Coverage
		doubt  bool
	}{
		{"whole neck", 180, 24, []uint8{1, 2, 3, 4, 5, 6, 7}, nil, []uint8{1, 2, 3, 4, 5, 6, 7},
			[7]neckfrac.Coverage{full, full, full, full, full, full, full}, false},
		{"two labels swapped", 180, 24, []uint8{1, 2, 3, 5, 4, 6, 7}, nil, []uint8{1, 2, 3, 4, 5, 6, 7},
			[7]neckfrac.Coverage{full, full, full, full, full, full, full}, true},
		{"one name twice", 180, 24, []uint8{1, 2, 3, 5, 5, 6, 7}, nil, []uint8{1, 2, 3, 4, 5, 6, 7},
			[7]neckfrac.Coverage{full, full, full, full, full, full, full}, true},
		{"a level not segmented", 180, 24, []uint8{1, 2, 3, 0, 5, 6, 7}, nil, []uint8{1, 2, 3, 0, 5, 6, 7},
			[7]neckfrac.Coverage{full, full, full, none, full, full, full}, true},
		{"stack starts in C3", 110, 1, []uint8{3, 4, 5, 6, 7}, nil, []uint8{3, 4, 5, 6, 7},
			[7]neckfrac.Coverage{none, none, partial, full, full, full, full}, false},
		{"stack ends in C5", 99, 24, []uint8{1, 2, 3, 4, 5}, nil, []uint8{1, 2, 3, 4, 5},
			[7]neckfrac.Coverage{full, full, full, full, partial, none, none}, false},
		{"loose spinous process", 180, 24, []uint8{1, 2, 3, 4, 5, 6, 7}, []piece{{7, [3]float64{45, 60, 140}, [3]float64{4, 8, 4}}},
			[]uint8{1, 2, 3, 4, 5, 6, 7}, [7]neckfrac.Coverage{full, full, full, full, full, full, full}, false},
		{"a rib called C5", 180, 24, []uint8{1, 2, 3, 4, 5, 6, 7}, []piece{{5, [3]float64{80, 70, 165}, [3]float64{5, 5, 5}}},
			[]uint8{1, 2, 3, 4, 5, 6, 7}, [7]neckfrac.Coverage{full, full, full, full, full, full, full}, false},
		{"other bone and specks", 180, 24, []uint8{8, 2, 3, 4, 5, 6, 8}, []piece{{1, [3]float64{10, 10, 10}, [3]float64{2, 2, 2}}},
			[]uint8{8, 2, 3, 4, 5, 6, 8}, [7]neckfrac.Coverage{none, full, full, full, full, full, none}, false},
		{"nothing", 180, 24, []uint8{0, 0, 0}, nil, []uint8{0, 0, 0}, [7]neckfrac.Coverage{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := grid(tt.zMM)
			in := paint(g, append(spine(tt.first, tt.labels...), tt.extra...)...)
			before := slices.Clone(in)
			r := level.Name(g, in)
			if got := middles(g, r, tt.first, len(tt.labels)); !slices.Equal(got, tt.want) {
				t.Errorf("names %v, want %v", got, tt.want)
			}
			for i, f := range r.Levels {
				if f.Coverage != tt.cover[i] {
					t.Errorf("%v is %v, want %v", neckfrac.Vertebrae()[i], f.Coverage, tt.cover[i])
				}
			}
			if r.Ambiguous != tt.doubt {
				t.Errorf("ambiguous = %v, want %v", r.Ambiguous, tt.doubt)
			}
			if !slices.Equal(in, before) {
				t.Error("the input was modified")
			}
		})
	}
}

func TestLoosePiecesJoinOrLeave(t *testing.T) {
	t.Parallel()
	g := grid(180)
	in := paint(g, append(spine(24, 1, 2, 3, 4, 5, 6, 7),
		piece{7, [3]float64{45, 60, 140}, [3]float64{4, 8, 4}},     // a spinous process
		piece{5, [3]float64{80, 70, 165}, [3]float64{5, 5, 5}})...) // a rib
	r := level.Name(g, in)
	if got := r.Labels[g.Index(30, 40, 93)]; got != 7 {
		t.Errorf("spinous process is %d, want 7", got)
	}
	if got := r.Labels[g.Index(53, 47, 110)]; got != neckfrac.LabelOtherBone {
		t.Errorf("rib is %d, want other bone", got)
	}
}

func TestMixedVertebraIsDoubtful(t *testing.T) {
	t.Parallel()
	g := grid(180)
	ps := spine(24, 1, 2, 3, 0, 5, 6, 7)
	ps = append(ps, piece{4, [3]float64{38, 30, 78}, [3]float64{7, 9, 6}}, piece{6, [3]float64{53, 30, 78}, [3]float64{6, 9, 6}})
	r := level.Name(g, paint(g, ps...))
	left, right := r.Labels[g.Index(36, 20, 52)], r.Labels[g.Index(25, 20, 52)]
	if left != 4 || right != 4 {
		t.Errorf("halves of one vertebra are %d and %d, want 4 and 4", left, right)
	}
	if !r.Ambiguous {
		t.Error("a vertebra with two names is not doubtful")
	}
}

func TestResultCounts(t *testing.T) {
	t.Parallel()
	g := grid(99)
	r := level.Name(g, paint(g, spine(24, 1, 2, 3, 4, 5)...))
	if r.Full() != 4 || r.Last() != neckfrac.C4 {
		t.Errorf("full %d, last %v; want 4, C4", r.Full(), r.Last())
	}
}

func ExampleName() {
	g := grid(180)
	r := level.Name(g, paint(g, spine(24, 1, 2, 4, 3, 5, 6, 7)...))
	fmt.Println(r.Full(), r.Ambiguous)
	// Output: 7 true
}
