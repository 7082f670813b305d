package volume

import (
	"context"

	"github.com/neckfrac/neckfrac"
)

// decision is a study's files after the choice.
type decision struct {
	candidates []candidate
	chosen     candidate
	passed     gated
	// fault is why no candidate can be used.
	fault fault
}

// decide reads the headers of a study, splits them into stacks and chooses one.
func decide(ctx context.Context, inputs []Input, rules *Rules, lim Limits) (decision, error) {
	if len(inputs) > lim.MaxInputs {
		return decision{}, neckfrac.Errorf(neckfrac.Limit, "assemble", "more than %d inputs", lim.MaxInputs)
	}
	headers, damaged, err := readHeaders(ctx, inputs, lim)
	if err != nil {
		return decision{}, err
	}
	if err := onePerson(headers); err != nil {
		return decision{}, err
	}
	missing(headers, damaged)
	var d decision
	for _, s := range split(headers, damaged) {
		d.candidates = append(d.candidates, newCandidate(s, rules))
	}
	rank(d.candidates)
	if err := askPixels(ctx, d.candidates, rules, lim); err != nil {
		return decision{}, err
	}
	d.chosen, d.passed, d.fault = choose(d.candidates, lim)
	if d.fault.reason == neckfrac.NoEligibleSeries && len(damaged) > 0 {
		d.fault = fault{neckfrac.PixelUnreadable, "unreadable files"}
	}
	return d, nil
}

// Explanation is the choice of series in a study.
type Explanation struct {
	// Rules is the ID of the rules that chose.
	Rules string `json:"rules"`
	// Chosen says that the first candidate would be analysed, as far as headers and
	// geometry tell; patient, pixels and coverage are judged later.
	Chosen bool `json:"chosen"`
	// Reason is why no candidate can be analysed.
	Reason     neckfrac.Reason      `json:"reason,omitempty"`
	Candidates []neckfrac.Candidate `json:"candidates"`
}

// Explain chooses a series as Assemble does, by these rules, and makes no volume. A
// study of which nothing can be analysed is an Explanation with a Reason; errors are
// those of Assemble but for refusals of the choice.
func Explain(ctx context.Context, inputs []Input, rules *Rules, lim Limits) (Explanation, error) {
	d, err := decide(ctx, inputs, rules, lim.withDefaults())
	if r, ok := neckfrac.AsRefused(err); ok {
		return Explanation{Rules: rules.ID, Reason: r.Reason, Candidates: []neckfrac.Candidate{}}, nil
	}
	if err != nil {
		return Explanation{}, err
	}
	return Explanation{Rules: rules.ID, Chosen: !d.fault.bad(), Reason: d.fault.reason, Candidates: report(d.candidates)}, nil
}
