package phantom

import (
	"github.com/neckfrac/neckfrac/models/stl"
)

// BuiltInMeshes are the bones of a built-in patient as closed meshes in the patient's
// millimetres, by the names of an anatomy's folder: an atlas that needs no licence.
func BuiltInMeshes(seed uint64) map[string][]stl.Triangle {
	s := newScene(Config{Seed: seed, Anatomy: BuiltIn{}, Edition: Phantom3})
	out := map[string][]stl.Triangle{}
	for i, name := range []string{"c1", "c2", "c3", "c4", "c5", "c6", "c7", "t1", "t2"} {
		out[name] = tiled(s.chain[i], 1)
	}
	out["occipital"] = tiled(s.skull, 2.5)
	return out
}

// tiled covers a bone with the faces of cells, whose corners are then drawn onto its
// surface.
func tiled(b *bone, step float64) []stl.Triangle {
	lo, hi := b.outerBox()
	var n [3]int
	for a := range 3 {
		n[a] = int((hi[a]-lo[a])/step) + 2
	}
	place := func(i, j, k int) vec {
		return vec{lo[0] + float64(i)*step, lo[1] + float64(j)*step, lo[2] + float64(k)*step}
	}
	dist := func(p vec) float64 { return b.at(b.pose.local(p)).d }
	in := make([]bool, n[0]*n[1]*n[2])
	at := func(i, j, k int) int { return (k*n[1]+j)*n[0] + i }
	for k := range n[2] {
		for j := range n[1] {
			for i := range n[0] {
				in[at(i, j, k)] = dist(add(place(i, j, k), vec{step / 2, step / 2, step / 2})) < 0
			}
		}
	}
	draw := func(p vec) vec {
		for range 2 {
			d := dist(p)
			var g vec
			for a := range 3 {
				q := p
				q[a] += 0.1
				g[a] = (dist(q) - d) / 0.1
			}
			p = sub(p, scale(g, clamp(d, -step*0.4, step*0.4)/max(dot(g, g), 0.3)))
		}
		return p
	}
	var out []stl.Triangle
	for k := 1; k < n[2]-1; k++ {
		for j := 1; j < n[1]-1; j++ {
			for i := 1; i < n[0]-1; i++ {
				if !in[at(i, j, k)] {
					continue
				}
				for axis := range 3 {
					for _, up := range []int{0, 1} {
						next := [3]int{i, j, k}
						next[axis] += 2*up - 1
						if in[at(next[0], next[1], next[2])] {
							continue
						}
						out = append(out, face([3]int{i, j, k}, axis, up, func(c [3]int) vec { return draw(place(c[0], c[1], c[2])) })...)
					}
				}
			}
		}
	}
	return out
}

// face is one side of a cell as two triangles that look out.
func face(c [3]int, axis, up int, place func([3]int) vec) []stl.Triangle {
	u, v := (axis+1)%3, (axis+2)%3
	c[axis] += up
	var q [4]vec
	for n, d := range [4][2]int{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
		p := c
		p[u] += d[0]
		p[v] += d[1]
		q[n] = place(p)
	}
	if up == 0 {
		q[1], q[3] = q[3], q[1]
	}
	return []stl.Triangle{{q[0], q[1], q[2]}, {q[0], q[2], q[3]}}
}

// MeshReport is what a mesh vertebra was measured to have, mm, and its volume in cm3.
type MeshReport struct {
	HeightFront, HeightBack, Depth, CanalWidth, CanalDepth, Volume float64
	Foramen                                                        [2]vec // right, left, in the bone's frame
}

// Report is the report of C1 (0) to T2 (8).
func (m *MeshAnatomy) Report(i int) MeshReport {
	b := m.chain[i]
	r := MeshReport{
		HeightFront: b.m.hFront, HeightBack: b.m.hBack, Depth: 2 * b.marks.halfDepth,
		CanalWidth: b.m.canalTr, CanalDepth: b.m.canalAP, Foramen: b.marks.foramen,
	}
	_, r.Volume = b.grid.middle(vec{-everywhere, -everywhere, -everywhere}, vec{everywhere, everywhere, everywhere})
	r.Volume /= 1000
	return r
}

// MeshScale is the scale that a seed gives each bone of a mesh anatomy.
func MeshScale(c Config) (out [levels]vec) { return newScene(c).mesh.scale }

// Cube is a mesh that is no vertebra.
func Cube(side float64) []stl.Triangle {
	var out []stl.Triangle
	for axis := range 3 {
		for up := range 2 {
			out = append(out, face([3]int{}, axis, up, func(c [3]int) vec {
				return vec{float64(c[0]) * side, float64(c[1]) * side, float64(c[2]) * side}
			})...)
		}
	}
	return out
}

// ReadAttribution is the line that an anatomy's folder has.
var ReadAttribution = readAttribution

// AgeOf is the age of a seed's patient.
func AgeOf(seed uint64) float64 { return drawPerson(seed).age }

// Mirrored says whether a seed's patient is the atlas in a mirror.
func Mirrored(c Config) bool { return newScene(c).mesh.mirror }

// LoadSoft reads the label volume of a folder.
func LoadSoft(dir string) error {
	_, _, err := loadSoft(dir)
	return err
}
