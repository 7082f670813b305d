package phantom

// The measures of a spine, by level. Index 0..6 is C1..C7, 7 and 8 are T1 and T2.
const (
	t1     = 7
	t2     = 8
	levels = 9
)

// measures of one vertebra, mm and degrees.
type measures struct {
	hFront, hBack        float64
	depthTop, depthBot   float64
	widthTop, widthBot   float64
	canalAP, canalTr     float64
	pedicleW, pedicleH   float64
	facetDeg             float64
	pillarW, pillarAP    float64
	spinous, spinousFall float64
	foramen              float64
	disc                 float64 // below this vertebra
	reach                float64 // half width at the transverse processes
	bifid                float64 // half spread of the spinous tips, 0 for none
	arthrosis            float64 // 0..1
}

// means are pooled adult means (Panjabi, UMTRI, Indian CT series); the atlas is
// measured in its own builder.
var means = [levels]measures{
	1: {14, 14, 15.5, 16, 17, 18, 16, 22, 8, 8, 47, 12, 11, 17, 24, 5.6, 5.2, 25.5, 5, 0},
	2: {12.3, 12.0, 14.7, 15.7, 18.5, 18.4, 13.6, 21.6, 5.6, 7.4, 48, 11, 11, 15, 24, 5.6, 5.2, 25.5, 4, 0},
	3: {11.8, 11.7, 15.0, 15.9, 19.2, 19.3, 13.4, 22.0, 5.4, 7.4, 45, 11.5, 11, 15, 22, 5.8, 5.3, 26, 4, 0},
	4: {11.3, 11.6, 15.3, 16.1, 20.0, 20.6, 13.6, 22.4, 5.6, 7.0, 42, 12, 11, 16, 22, 5.9, 5.3, 26.8, 4, 0},
	5: {11.2, 11.4, 15.7, 16.3, 21.2, 22.0, 13.8, 22.8, 6.0, 7.3, 43, 12, 10, 21, 24, 6.2, 5.2, 27.8, 2.5, 0},
	6: {12.8, 12.9, 16.6, 16.8, 23.0, 24.0, 14.0, 22.6, 6.5, 7.5, 46, 12.5, 9.5, 28, 22, 3.4, 5.0, 32, 0, 0},
	7: {14.2, 14.8, 16.8, 17.0, 26.0, 26.0, 14.4, 20.5, 8, 9, 58, 12, 9, 28, 30, 0, 4.4, 36, 0, 0},
	8: {15.6, 16.2, 17.2, 17.6, 25.0, 26.0, 14.4, 18.0, 7, 10, 64, 11, 9, 27, 42, 0, 4.2, 34, 0, 0},
}

// person is one drawn anatomy before posture.
type person struct {
	age    float64
	male   bool
	length float64 // scale of heights
	width  float64
	depth  float64
	level  [levels]measures
	spongy [levels]float64
	hard   float64
	fat    float64 // subcutaneous fat, mm
	bulk   float64 // scale of the outline
	shape  [levels]float64
}

// drawPerson draws age, sex and sizes. Length, width and height of a vertebra are
// uncorrelated between people (UMTRI, 38 CT), so their scales are drawn apart; the
// levels of a person share only part of the spread.
func drawPerson(seed uint64) person {
	r := stream(seed, "person")
	p := person{age: clamp(r.normal(55, 22), 18, 98), male: r.chance(0.58)}
	sex := 0.945
	if p.male {
		sex = 1.04
	}
	p.length = sex * r.spread(1, 0.05)
	p.width = sex * r.spread(1, 0.05)
	p.depth = sex * r.spread(1, 0.055)
	p.fat = r.logBetween(3, 22)
	p.bulk = sex * r.spread(1.0, 0.09)
	p.hard = r.spread(1500, 200)
	spongy := clamp(400-3.4*(p.age-25)+r.spread(0, 60), 80, 420) * 0.9
	for i := range p.level {
		p.shape[i] = r.spread(0, 1)
		p.level[i] = p.scaled(r, means[i])
		p.spongy[i] = clamp(spongy*(1.08-0.025*float64(i))+r.spread(0, 15), 60, 430)
	}
	p.wear(r)
	return p
}

// scaled draws one vertebra round its mean.
func (p *person) scaled(r random, m measures) measures {
	l, w, d := p.length*r.spread(1, 0.035), p.width*r.spread(1, 0.03), p.depth*r.spread(1, 0.035)
	m.hFront *= l * r.spread(1, 0.04)
	m.hBack *= l * r.spread(1, 0.02)
	m.depthTop *= d
	m.depthBot *= d
	m.widthTop *= w
	m.widthBot *= w
	m.canalAP *= r.spread(1.06, 0.09)
	m.canalTr *= w * r.spread(1, 0.05)
	m.pedicleW *= r.spread(1, 0.12)
	m.pedicleH *= l * r.spread(1, 0.09)
	m.facetDeg = r.spread(m.facetDeg, 5)
	m.pillarW *= w * r.spread(1, 0.07)
	m.pillarAP *= d * r.spread(1, 0.07)
	m.spinous *= r.spread(1, 0.17)
	m.spinousFall = r.spread(m.spinousFall, 6)
	m.foramen *= r.spread(1, 0.12)
	m.disc *= l * r.spread(1, 0.1)
	m.reach *= w * r.spread(1, 0.04)
	m.bifid *= r.between(0.5, 1.2)
	if r.chance(0.12) {
		m.bifid = 0
	}
	return m
}

// wear narrows discs and roughens facets with age, most at C5 and C6.
func (p *person) wear(r random) {
	for i := 2; i < levels; i++ {
		risk := clamp((p.age-35)/60, 0, 0.8)
		if i == 4 || i == 5 {
			risk *= 1.4
		}
		if r.chance(risk * 0.6) {
			p.level[i].disc *= r.between(0.35, 0.8)
		}
		if r.chance(risk * 0.5) {
			p.level[i].arthrosis = r.Float64()
		}
	}
}
