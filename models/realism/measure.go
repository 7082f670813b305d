package realism

import (
	"fmt"
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
)

const (
	// neckLowMM and neckHighMM bound the neck below its head: from under the skull base to
	// C7, the part that every scan of a set has.
	neckHighMM, neckLowMM = 10, 100
	// spineRadiusMM round the canal's line holds a vertebra up to its spinous process.
	spineRadiusMM = 35
	// boneHU parts bone from soft tissue and from most of contrast at coarse voxels.
	boneHU = 150
)

// outlineAtMM are the distances below the head of the neck where the outline is measured.
var outlineAtMM = []int{20, 40, 60, 80}

// Profile is what was measured of one scan.
type Profile struct {
	// Name identifies the scan within its set.
	Name string `json:"name"`
	// Region is what was measured: "neck" or "whole".
	Region string `json:"region"`
	// CellMM is the common grid's cell.
	CellMM neckfrac.Vec3 `json:"cell_mm"`
	// Value has the measures that the scan could give, by name.
	Value map[string]float64 `json:"value"`
}

// Figure names a measure, in the order of a report.
type Figure struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	Text string `json:"text"`
}

// tissues are the shares of the body, HU from inclusive to exclusive; together all of it.
var tissues = []struct {
	name, text string
	from, to   float64
}{
	{"share_air", "below -300 HU inside the outline", math.Inf(-1), -300},
	{"share_edge", "-300 to -150 HU: edges of air and fat", -300, -150},
	{"share_fat", "-150 to -30 HU", -150, -30},
	{"share_water", "-30 to 20 HU: edges of fat and muscle, fluid", -30, 20},
	{"share_muscle", "20 to 90 HU", 20, 90},
	{"share_dense", "90 to 200 HU: contrast, edges of bone", 90, 200},
	{"share_200_600", "200 to 600 HU: spongy bone", 200, 600},
	{"share_over_600", "over 600 HU: shell, teeth, metal", 600, math.Inf(1)},
}

var bonePercents = []int{25, 50, 75, 95}

// Figures lists every measure. Names are stable.
func Figures() []Figure {
	var out []Figure
	for _, t := range tissues {
		out = append(out, Figure{t.name, "1", "share of the body, " + t.text})
	}
	out = append(out,
		Figure{"fat_hu", "HU", "median of -150 to -30 HU"},
		Figure{"muscle_hu", "HU", "median of 20 to 90 HU"},
		Figure{"bone_share", "1", "share over 150 HU within 35 mm of the canal"})
	for _, p := range bonePercents {
		out = append(out, Figure{fmt.Sprintf("bone_p%d", p), "HU", "percentile of bone round the canal"})
	}
	out = append(out,
		Figure{"rough_plane", "HU", "robust SD of muscle against its neighbours left and right"},
		Figure{"rough_slices", "HU", "robust SD of muscle against its neighbours above and below"})
	for _, kind := range []string{"soft", "spine"} {
		for r := 1; r <= rings; r++ {
			out = append(out, Figure{fmt.Sprintf("%s_power_%d", kind, r), "lg HU² mm²", fmt.Sprintf("power at %d cycles a patch of about 40 mm", r)})
		}
		out = append(out, Figure{kind + "_slope", "1", "slope of log power over log frequency, 2 to 4 cycles"})
	}
	out = append(out, anatomy...)
	for _, mm := range outlineAtMM {
		for _, w := range []struct{ name, unit, text string }{
			{"width", "mm", "width of the outline"}, {"depth", "mm", "depth of the outline"},
			{"filled", "1", "share of its box that the outline fills"},
			{"front", "mm", "canal to front skin"}, {"back", "mm", "canal to back skin"},
		} {
			out = append(out, Figure{fmt.Sprintf("%s_%d", w.name, mm), w.unit, fmt.Sprintf("%s, %d mm below the head of the neck", w.text, mm)})
		}
	}
	return out
}

// MeasureImage measures an image. With a place the region is the neck; without (nil) it is
// all that the image holds, and what needs the canal is absent.
func MeasureImage(name string, m *Image, p *Place) (Profile, error) {
	const op = "realism: measure"
	if math.Abs(m.SpacingMM[0]-m.SpacingMM[1]) > 1e-9 {
		return Profile{}, neckfrac.Errorf(neckfrac.Invalid, op, "want square cells in the plane")
	}
	if err := check(m.Grid, len(m.HU)); err != nil {
		return Profile{}, neckfrac.E(op, err)
	}
	out := Profile{Name: name, Region: "whole", CellMM: m.SpacingMM, Value: map[string]float64{}}
	k0, k1 := 0, m.Dims[2]-1
	if p != nil {
		if len(p.Canal) == 0 {
			return Profile{}, neckfrac.Errorf(neckfrac.Invalid, op, "place without a canal")
		}
		out.Region = "neck"
		k0 = max(k0, int(math.Ceil((p.TopMM-neckLowMM-m.OriginMM[2])/m.SpacingMM[2])))
		k1 = min(k1, int(math.Floor((p.TopMM-neckHighMM-m.OriginMM[2])/m.SpacingMM[2])))
	}
	if k1-k0 < 2 {
		return Profile{}, neckfrac.Errorf(neckfrac.Unsupported, op, "the volume holds too little of the neck")
	}
	body := outline(m)
	w := probe{Image: m, body: body, place: p, k0: k0, k1: k1, out: out.Value}
	w.tissue()
	w.bone()
	w.roughness()
	w.texture()
	w.parts()
	w.shape()
	return out, nil
}

// Measure resamples a volume and measures it: Resample, then MeasureImage.
func Measure(name string, v *neckfrac.Volume, p *Place, cellMM neckfrac.Vec3) (Profile, error) {
	m, err := Resample(v, cellMM)
	if err != nil {
		return Profile{}, err
	}
	return MeasureImage(name, &m, p)
}

// probe is an image with what is being measured.
type probe struct {
	*Image
	body   []bool
	place  *Place
	k0, k1 int
	out    map[string]float64
}

// each calls f for the cells of the body between the two heights.
func (w *probe) each(f func(i, k int, hu float64)) {
	plane := w.Dims[0] * w.Dims[1]
	for k := w.k0; k <= w.k1; k++ {
		for i := k * plane; i < (k+1)*plane; i++ {
			if w.body[i] {
				f(i, k, float64(w.HU[i]))
			}
		}
	}
}

func (w *probe) tissue() {
	count := make([]float64, len(tissues))
	var total float64
	var fat, muscle []float64
	w.each(func(_, _ int, hu float64) {
		total++
		for t := range tissues {
			if hu >= tissues[t].from && hu < tissues[t].to {
				count[t]++
				switch tissues[t].name {
				case "share_fat":
					fat = append(fat, hu)
				case "share_muscle":
					muscle = append(muscle, hu)
				}
			}
		}
	})
	if total == 0 {
		return
	}
	for t := range tissues {
		w.out[tissues[t].name] = count[t] / total
	}
	w.put("fat_hu", quantile(sorted(fat), 0.5))
	w.put("muscle_hu", quantile(sorted(muscle), 0.5))
}

func (w *probe) put(name string, v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		w.out[name] = v
	}
}

// bone looks at bone round the canal, or at all bone without a place.
func (w *probe) bone() {
	var v []float64
	var total float64
	w.each(func(i, k int, hu float64) {
		if w.place != nil {
			x, y := w.place.At(w.OriginMM[2] + float64(k)*w.SpacingMM[2])
			dx := w.OriginMM[0] + float64(i%w.Dims[0])*w.SpacingMM[0] - x
			dy := w.OriginMM[1] + float64(i/w.Dims[0]%w.Dims[1])*w.SpacingMM[1] - y
			if math.Hypot(dx, dy) > spineRadiusMM {
				return
			}
		}
		total++
		if hu > boneHU {
			v = append(v, hu)
		}
	})
	if total == 0 {
		return
	}
	w.out["bone_share"] = float64(len(v)) / total
	slices.Sort(v)
	for _, p := range bonePercents {
		w.put(fmt.Sprintf("bone_p%d", p), quantile(v, float64(p)/100))
	}
}

// roughness compares muscle with the mean of its two neighbours. The SD of such a
// difference is sqrt(3/2) that of white noise.
func (w *probe) roughness() {
	plane := w.Dims[0] * w.Dims[1]
	muscle := func(i int) bool { return w.HU[i] >= 0 && w.HU[i] <= 110 }
	var across, along []float64
	w.each(func(i, k int, hu float64) {
		if !muscle(i) {
			return
		}
		if x := i % w.Dims[0]; x > 0 && x+1 < w.Dims[0] && muscle(i-1) && muscle(i+1) {
			across = append(across, math.Abs(hu-float64(w.HU[i-1]+w.HU[i+1])/2))
		}
		if k > w.k0 && k < w.k1 && muscle(i-plane) && muscle(i+plane) {
			along = append(along, math.Abs(hu-float64(w.HU[i-plane]+w.HU[i+plane])/2))
		}
	})
	const robust = 1.4826
	w.put("rough_plane", robust*quantile(sorted(across), 0.5)/math.Sqrt(1.5))
	w.put("rough_slices", robust*quantile(sorted(along), 0.5)/math.Sqrt(1.5))
}

func (w *probe) texture() {
	w.spectrum("soft", w.softSpectrum(func(i int) bool { return w.body[i] }, w.k0, w.k1))
	if w.place != nil {
		w.spectrum("spine", w.spineSpectrum(w.place, w.k0, w.k1))
	}
}

func (w *probe) spectrum(kind string, s *spectrum) {
	power, slope, ok := s.logs()
	if !ok {
		return
	}
	for r, p := range power {
		w.put(fmt.Sprintf("%s_power_%d", kind, r+1), p)
	}
	w.put(kind+"_slope", slope)
}

func (w *probe) shape() {
	if w.place == nil {
		return
	}
	for _, mm := range outlineAtMM {
		s, ok := w.shapeAt(w.body, w.place, w.place.TopMM-float64(mm))
		if !ok {
			continue
		}
		for name, v := range map[string]float64{"width": s.width, "depth": s.depth, "filled": s.area / (s.width * s.depth), "front": s.front, "back": s.back} {
			w.put(fmt.Sprintf("%s_%d", name, mm), v)
		}
	}
}
