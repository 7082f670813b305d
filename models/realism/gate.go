package realism

// Statistic is what a gate asks of a row.
type Statistic string

const (
	// Median is the median of the synthetic scans, in the measure's unit.
	Median Statistic = "median"
	// KS is the Kolmogorov-Smirnov distance of both sets.
	KS Statistic = "ks"
)

// Gate is a measure and the range that its statistic must be in.
type Gate struct {
	Measure   string    `json:"measure"`
	Statistic Statistic `json:"statistic"`
	Low       float64   `json:"low"`
	High      float64   `json:"high"`
}

// Result is a gate and how it was met.
type Result struct {
	Gate
	// Found is absent where no row has the measure.
	Found *float64 `json:"found,omitempty"`
	Pass  bool     `json:"pass"`
}

func (g Gate) ask(rows []Row) Result {
	for _, r := range rows {
		if r.Name != g.Measure {
			continue
		}
		v := r.Synthetic.Median
		if g.Statistic == KS {
			v = r.KS
		}
		return Result{Gate: g, Found: &v, Pass: v >= g.Low && v <= g.High}
	}
	return Result{Gate: g}
}

// middles are the 5-95 % ranges of 60 real necks (OpenKBP, the first by name that have the
// whole cervical spine) on cells of 4.8 x 4.8 x 3 mm, rounded to three digits. A synthetic
// median beside such a range is not of that cohort.
var middles = []struct {
	measure   string
	low, high float64
}{
	{"share_air", 0.00642, 0.0268},
	{"share_edge", 0.025, 0.0524},
	{"share_fat", 0.12, 0.416},
	{"share_water", 0.125, 0.298},
	{"share_muscle", 0.191, 0.49},
	{"share_dense", 0.0309, 0.102},
	{"share_200_600", 0.0484, 0.102},
	{"share_over_600", 0.00805, 0.0509},
	{"fat_hu", -89.2, -58.4},
	{"muscle_hu", 30.9, 61.6},
	{"bone_share", 0.255, 0.405},
	{"bone_p25", 195, 293},
	{"bone_p50", 251, 452},
	{"bone_p75", 338, 649},
	{"bone_p95", 487, 921},
	{"rough_plane", 6.55, 12},
	{"rough_slices", 3.56, 7.72},
	{"soft_power_1", 4.76, 5.24},
	{"soft_power_2", 4.49, 4.84},
	{"soft_power_3", 3.94, 4.36},
	{"soft_power_4", 3.43, 4.02},
	{"soft_slope", -3.79, -2.07},
	{"spine_power_1", 6.04, 6.64},
	{"spine_power_2", 5.8, 6.46},
	{"spine_power_3", 5.11, 5.87},
	{"spine_power_4", 4.64, 5.57},
	{"spine_slope", -4.38, -2.31},
	{"front_bone_hu", 244, 452},
	{"back_bone_hu", 224, 400},
	{"column_hu", 213, 549},
	{"column_wave", 53.8, 143},
	{"spinous_share", 0.0703, 0.233},
	{"airway_area", 137, 450},
	{"airway_ratio", 1, 1.75},
	{"fat_under_skin", 0.4, 0.771},
	{"width_40", 115, 163},
	{"depth_40", 144, 197},
	{"filled_40", 0.668, 0.772},
	{"front_40", 93.4, 142},
	{"back_40", 40, 77.7},
	{"width_80", 125, 360},
	{"depth_80", 115, 198},
	{"filled_80", 0.466, 0.759},
	{"front_80", 62.2, 106},
	{"back_80", 45.4, 88.3},
}

// spreads are measures whose whole distribution is asked: half of the distance that sets
// without any overlap have. Everybody's median can be right and everybody alike.
var spreads = []string{
	"share_fat", "share_muscle", "share_200_600", "share_over_600", "fat_hu", "muscle_hu", "bone_p50", "bone_p95",
	"rough_plane", "rough_slices", "soft_slope", "spine_slope", "column_hu", "column_wave", "width_40", "filled_40", "back_40",
}

const spreadKS = 0.5

// Gates are the declared gates of the neck.
func Gates() []Gate {
	var out []Gate
	for _, m := range middles {
		out = append(out, Gate{m.measure, Median, m.low, m.high})
	}
	for _, name := range spreads {
		out = append(out, Gate{name, KS, 0, spreadKS})
	}
	return out
}
