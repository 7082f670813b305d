package volume

import (
	"context"

	"github.com/neckfrac/neckfrac"
)

// Assembled is a volume with what was found on the way.
type Assembled struct {
	Volume *neckfrac.Volume
	// Limits are the reasons that limit the analysis: AgeUnknown, PostOp, TestPatient,
	// ContrastUnvalidated, Resolution.
	Limits []neckfrac.Reason
	// Contrast is the state that the chosen slices state.
	Contrast neckfrac.Contrast
	// Candidates explains the choice, the chosen one first with an empty Lost.
	Candidates []neckfrac.Candidate
	// ShearDegrees is the gantry tilt that was undone by shifting slices in their own
	// planes, 0 where every voxel is a pixel of a file.
	ShearDegrees float64
	// AgeYears is the lowest age that a slice states, -1 if none does.
	AgeYears int

	field field
}

// refuseWith makes a refusal that carries the candidates.
func refuseWith(r neckfrac.Reason, detail string, cs []neckfrac.Candidate) error {
	return &neckfrac.Error{Kind: neckfrac.Refused, Op: "assemble",
		Err: &neckfrac.RefusedError{Reason: r, Detail: detail, Candidates: cs}}
}

// Assemble makes the volume of a study's files, or an error of kind Refused with a
// Reason and the candidates (neckfrac.AsRefused). Files are read, not closed. Other
// errors: Limit for too many inputs, Invalid for inputs of more than one study,
// Unavailable when ctx ends. The answer does not depend on the order of inputs.
func Assemble(ctx context.Context, inputs []Input, lim Limits) (Assembled, error) {
	lim = lim.withDefaults()
	d, err := decide(ctx, inputs, DefaultRules(), lim)
	if err != nil {
		return Assembled{}, err
	}
	c, g, f, reports := d.chosen, d.passed, d.fault, report(d.candidates)
	if f.bad() {
		return Assembled{}, refuseWith(f.reason, f.detail, reports)
	}
	out := Assembled{Candidates: reports}
	if f := out.judgePatient(c); f.bad() {
		reports[0].Lost, reports[0].Reason = f.reason.Text(), f.reason
		return Assembled{}, refuseWith(f.reason, f.detail, reports)
	}
	if g.limited {
		out.Limits = append(out.Limits, neckfrac.Resolution)
	}
	hu, err := g.fill(ctx, lim)
	if r, ok := neckfrac.AsRefused(err); ok {
		reports[0].Lost, reports[0].Reason = r.Reason.Text(), r.Reason
		r.Candidates = reports
	}
	if err != nil {
		return Assembled{}, err
	}
	out.Volume, out.ShearDegrees, out.field = g.volume(hu), g.shear.degrees, g.field()
	return out, nil
}

// readHeaders reads all files; a series with an unreadable one is damaged.
func readHeaders(ctx context.Context, inputs []Input, lim Limits) ([]header, map[neckfrac.SeriesUID]fault, error) {
	headers := make([]header, 0, len(inputs))
	damaged := make(map[neckfrac.SeriesUID]fault)
	for _, in := range inputs {
		if err := ctx.Err(); err != nil {
			return nil, nil, neckfrac.Wrap(neckfrac.Unavailable, "assemble", err)
		}
		frames, err := readObject(in, lim)
		if err != nil {
			damaged[in.Series] = fault{neckfrac.PixelUnreadable, "unreadable files in the series"}
			continue
		}
		if headers = append(headers, frames...); len(headers) > len(inputs)+lim.MaxFrames {
			return nil, nil, refuseWith(neckfrac.Geometry, "larger than the limits", nil)
		}
	}
	return headers, damaged, nil
}

// onePerson stops at files of two studies or two people: their slices must never
// meet in one volume.
func onePerson(headers []header) error {
	var id, issuer string
	for _, h := range headers {
		if h.study != headers[0].study {
			return neckfrac.Errorf(neckfrac.Invalid, "assemble", "inputs of more than one study")
		}
		if id != "" && h.patientID != "" && id != h.patientID || issuer != "" && h.issuer != "" && issuer != h.issuer {
			return refuseWith(neckfrac.IdentityConflict, "patient identifiers differ", nil)
		}
		id, issuer = orElse(id, h.patientID), orElse(issuer, h.issuer)
	}
	return nil
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// volume puts the decoded values on their grid.
func (g gated) volume(hu []int16) *neckfrac.Volume {
	h := g.slices[0]
	v := &neckfrac.Volume{
		Grid: g.grid(), HU: hu, Series: h.in.Series, FrameOfReference: h.frame, Kernel: h.kernel,
		SliceThicknessMM: stack{slices: g.slices}.thicknessMM(),
	}
	for _, s := range g.slices {
		v.Source = append(v.Source, s.in.Instance)
		if multiframe(s.meta.SOPClassUID) {
			v.SourceFrame = append(v.SourceFrame, s.index+1)
		}
	}
	return v
}
