package pipelinetest

import (
	"context"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// Live implements neckfrac.Identities.
func (l *Ledger) Live(ctx context.Context, keys []neckfrac.PatientKey) ([]neckfrac.PatientKey, error) {
	return call(ctx, l.Faults, "Live", func() ([]neckfrac.PatientKey, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		var out []neckfrac.PatientKey
		for _, k := range keys {
			owns := func(s *study) bool { return s.Patient.Key == k && !s.Conflict }
			if k.Certain() && !slices.Contains(out, k) && slices.ContainsFunc(l.studies, owns) {
				out = append(out, k)
			}
		}
		return out, nil
	})
}

// Learn implements neckfrac.Identities.
func (l *Ledger) Learn(ctx context.Context, k neckfrac.PatientKey, server, patientID string) error {
	_, err := call(ctx, l.Faults, "Learn", func() (none, error) {
		if !k.Certain() || server == "" || patientID == "" {
			return none{}, neckfrac.Errorf(neckfrac.Invalid, "learn", "person, server or id is missing")
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.references[reference{k, server}] = patientID
		return none{}, nil
	})
	return err
}

// Reference implements neckfrac.Identities.
func (l *Ledger) Reference(ctx context.Context, k neckfrac.PatientKey, server string) (string, error) {
	return call(ctx, l.Faults, "Reference", func() (string, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		id, ok := l.references[reference{k, server}]
		if !ok {
			return "", notFound("reference")
		}
		return id, nil
	})
}

// Append implements neckfrac.Audit.
func (l *Ledger) Append(ctx context.Context, e neckfrac.AuditEvent) error {
	_, err := call(ctx, l.Faults, "Append", func() (none, error) {
		if e.At.IsZero() || e.Actor == "" || e.Action == "" {
			return none{}, neckfrac.Errorf(neckfrac.Invalid, "append audit", "time, actor or action is missing")
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.events = append(l.events, e)
		return none{}, nil
	})
	return err
}

// Events returns what was appended to the audit log.
func (l *Ledger) Events() []neckfrac.AuditEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}
