package phantom

import (
	"github.com/neckfrac/neckfrac"
)

// MeshAnatomy is an anatomy of meshes and a label volume, read by LoadAnatomy. It is
// immutable: any number of studies may share it at the same time. It takes some 200 MB.
type MeshAnatomy struct {
	name, attribution string
	chain             [levels]*meshBone
	others            []*meshBone
	discs             [levels]float64 // below a vertebra, mm
	soft              *softAtlas      // nil without a label volume
}

// Name is "mesh:" and the start of the folder's digest: two folders with equal meshes and
// labels have one name.
func (m *MeshAnatomy) Name() string { return m.name }

// Attribution is the line of the anatomy's licence. It goes into every truth file that
// is made from it.
func (m *MeshAnatomy) Attribution() string { return m.attribution }

// meshPerson is how one patient wears a mesh anatomy.
type meshPerson struct {
	atlas  *MeshAnatomy
	mirror bool
	whole  vec // scale of everything that is no vertebra
	scale  [levels]vec
	frame  [levels]pose // in the atlas, mirrored where the patient is
	head   pose
	disc   [levels]float64 // factor of the disc below
	// bones that hang on the head, on the thorax and on C3.
	others []*bone
}

func (m *MeshAnatomy) build(s *scene, r random) {
	w := &meshPerson{atlas: m, mirror: r.chance(0.5)}
	s.mesh = w
	w.size(s, r)
	for i, b := range m.chain {
		s.chain[i] = w.vertebra(s, r, i, b)
		w.frame[i] = b.frame
		if w.mirror {
			w.frame[i] = mirrored(b.frame)
		}
	}
	w.head = pose{w.frame[0].outer(headFromAtlas), identity}
	for _, b := range m.others {
		s.others = append(s.others, w.other(s, r, b))
	}
	s.skull = s.others[0]
	for i := range levels - 1 {
		s.joints = append(s.joints, joint{s.chain[i], s.chain[i+1], r.between(0.5, 1.0) * (1 - 0.4*s.p.level[i].arthrosis)})
	}
	s.joints = append(s.joints, joint{s.skull, s.chain[0], r.between(0.6, 1.2)})
}

// headFromAtlas is where the head's frame lies as seen from C1, mm: about the middle of
// the foramen magnum.
var headFromAtlas = vec{0, 7, 16.8}

// size draws the scales: of the whole from the person, of each vertebra round it with a
// weak shared factor and the rest of its own by length, width and height. The atlas's
// processes are wide and long, so that wholes are narrower than one more often than not.
func (w *meshPerson) size(s *scene, r random) {
	p := &s.p
	w.whole = vec{clamp(0.90*p.width, 0.8, 1.02), clamp(0.93*p.depth, 0.84, 1.08), clamp(0.98*p.length, 0.86, 1.12)}
	for i := range w.scale {
		shared := r.spread(0, 0.012)
		for a := range 3 {
			w.scale[i][a] = w.whole[a] * clamp(1+shared+r.spread(0, 0.024), 0.92, 1.08)
		}
		w.disc[i] = r.between(0.85, 1.12)
	}
	for i := 1; i < levels; i++ {
		m, was := w.atlas.chain[i].m, &p.level[i]
		x, y, z := w.scale[i][0], w.scale[i][1], w.scale[i][2]
		narrow := clamp(was.disc/means[i].disc, 0.4, 1)
		if narrow < 0.75 {
			w.disc[i] = narrow
		}
		*was = measures{
			hFront: m.hFront * z, hBack: m.hBack * z, depthTop: m.depthTop * y, depthBot: m.depthBot * y,
			widthTop: m.widthTop * x, widthBot: m.widthBot * x, canalAP: m.canalAP * y, canalTr: m.canalTr * x,
			pedicleW: m.pedicleW * x, pedicleH: m.pedicleH * z, facetDeg: means[i].facetDeg,
			pillarW: m.pillarW * x, pillarAP: m.pillarAP * y, spinous: m.spinous * y, spinousFall: m.spinousFall,
			foramen: m.foramen * x, disc: w.atlas.discs[i] * z * w.disc[i], reach: m.reach * x, arthrosis: was.arthrosis,
		}
	}
	if w.mirror {
		for i := range w.scale {
			w.scale[i][0] *= -1
		}
		w.whole[0] *= -1
	}
}

// vertebra makes one bone of the chain.
func (w *meshPerson) vertebra(s *scene, r random, i int, t *meshBone) *bone {
	b := &bone{name: boneNames[i], wobble: 0.2, phase: r.between(0, 200), spongy: s.p.spongy[i], hard: s.p.hard}
	if i < t1 {
		b.level = neckfrac.Vertebra(i + 1)
	}
	b.marks = t.marks.scaled(w.scale[i])
	thick := r.between(0.8, 1.2)
	g := &gridShape{
		grid: t.grid, scale: w.scale[i], bend: drawBend(r, 0.7),
		split: b.marks.canal[1], front: 0.55 * thick, back: 1.05 * thick, dense: 60,
	}
	switch i {
	case 0:
		g.front, g.split = 1.0*thick, 0
	case 1:
		g.front = 0.8 * thick
	}
	b.solid(part{kind: shapeGrid, grid: g, blend: 0.1})
	if wear := s.p.level[i].arthrosis; wear > 0.1 && i > 0 {
		k := &b.marks
		for n, x := range sides {
			h := k.pillarHalf
			c := add(k.pillar[n], vec{x * h[0] * 0.6, h[1] * 0.4, r.sign() * h[2] * 0.8})
			b.solid(part{kind: shapeEllipsoid, c: c, h: vec{2 + 1.6*wear, 2 + 1.4*wear, 1.4 + wear}, cortex: 0.9, dense: 150 * wear, blend: 2})
		}
	}
	return b
}

// scaled takes marks to a patient's size; a negative x also swaps the sides.
func (k marks) scaled(f vec) marks {
	by := func(v vec) vec { return vec{v[0] * f[0], v[1] * f[1], v[2] * f[2]} }
	x, y, z := f[0], f[1], f[2]
	if x < 0 {
		x = -x
	}
	out := k
	out.halfWidth, out.halfDepth, out.height = k.halfWidth*x, k.halfDepth*y, k.height*z
	out.canal, out.canalHalf = by(k.canal), [2]float64{k.canalHalf[0] * x, k.canalHalf[1] * y}
	out.pillarHalf = vec{k.pillarHalf[0] * x, k.pillarHalf[1] * y, k.pillarHalf[2] * z}
	out.spinousBase, out.spinousTip, out.dens = by(k.spinousBase), by(k.spinousTip), by(k.dens)
	out.densTip, out.densNeck = k.densTip*z, k.densNeck*z
	for s := range sides {
		n := s
		if f[0] < 0 {
			n = 1 - s
		}
		out.foramen[n], out.pillar[n], out.pedicle[n] = by(k.foramen[s]), by(k.pillar[s]), by(k.pedicle[s])
		out.lamina[n], out.tip[n] = by(k.lamina[s]), by(k.tip[s])
		out.laminaDir[n] = unit(by(k.laminaDir[s]))
	}
	return out
}

// looks of the other bones: compact shell in mm, and HU on top of the spongy mean.
var looks = map[string][2]float64{
	"skull": {1.6, 200}, "mandible": {2.0, 40}, "hyoid": {1.0, 0}, "T1 ribs": {1.0, 0}, "T2 ribs": {1.0, 0}, "clavicle": {1.8, 0},
	"tooth": {2.2, 900}, "lower spine": {0.6, 0}, "sternum": {0.9, 0},
}

// other makes a bone that is no vertebra.
func (w *meshPerson) other(s *scene, r random, t *meshBone) *bone {
	b := &bone{name: t.name, ride: levels, wobble: 0.25, phase: r.between(0, 200), spongy: s.p.spongy[levels-1]*0.9 + 60, hard: s.p.hard}
	b.marks = t.marks.scaled(w.whole)
	for _, p := range append([]*meshBone{t}, t.more...) {
		l := looks[p.name]
		b.solid(part{kind: shapeGrid, blend: 0.1, grid: &gridShape{grid: p.grid, scale: w.whole, front: l[0], back: l[0], dense: l[1], split: -everywhere}})
	}
	w.others = append(w.others, b)
	return b
}

// mirrored is a frame in the mirrored atlas: its own axes still run left, back and up.
func mirrored(f pose) pose {
	out := pose{vec{-f.at[0], f.at[1], f.at[2]}, f.rot}
	for a := 1; a < 3; a++ {
		out.rot[0][a] *= -1
		out.rot[a][0] *= -1
	}
	return out
}
