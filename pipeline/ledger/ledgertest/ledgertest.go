package ledgertest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
)

// Ledger bundles the root ports that one driver serves.
type Ledger interface {
	neckfrac.Intake
	neckfrac.Jobs
	neckfrac.Outbox
	neckfrac.Records
	neckfrac.Identities
	neckfrac.Audit
	neckfrac.Commitments
	neckfrac.Retrievals
	neckfrac.Upkeep
	neckfrac.StopMarks
	neckfrac.KeptBlobs
}

// OpenPerPeer is how many requests of each kind a peer may have open in the suite's
// ledgers.
const OpenPerPeer = 4

// Run runs the suite; open returns an empty ledger that allows a peer OpenPerPeer open
// requests and is closed by t.Cleanup. The cases run in parallel, each on its own ledger.
func Run(t *testing.T, open func(t *testing.T) Ledger) {
	groups := []struct {
		name  string
		cases []testCase
	}{
		{"Intake", intakeCases()},
		{"Kinds", kindCases()},
		{"Settle", settleCases()},
		{"Receiving", receivingCases()},
		{"Jobs", jobCases()},
		{"Finish", finishCases()},
		{"Outbox", outboxCases()},
		{"Records", recordCases()},
		{"Identities", identityCases()},
		{"Commitments", commitmentCases()},
		{"Retrievals", retrievalCases()},
		{"Upkeep", upkeepCases()},
		{"Sweep", sweepCases()},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range g.cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(&fixture{T: t, l: open(t)})
				})
			}
		})
	}
}

type testCase struct {
	name string
	run  func(f *fixture)
}

// epoch is when the suite's time starts; ledgers must take times from arguments, so
// nothing here depends on the wall clock.
var epoch = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return epoch.Add(d) }

// fixture drives one ledger and stops the test on anything unexpected.
type fixture struct {
	*testing.T
	l Ledger
}

func (f *fixture) ctx() context.Context { return f.Context() }

// arrival is instance n of a series of a study, received at the epoch; equal numbers
// give equal values.
func arrival(study, series, n int) neckfrac.Arrival {
	return neckfrac.Arrival{
		Study: neckfrac.Study{
			UID:             neckfrac.StudyUID(fmt.Sprintf("1.2.3.%d", study)),
			Patient:         neckfrac.Patient{Key: person(study), Name: fmt.Sprintf("Test^P%d", study), BirthDate: "19700102", Sex: "F", AgeYears: 56},
			Accession:       neckfrac.AccessionNumber(fmt.Sprintf("A%d", study)),
			AccessionIssuer: "RIS",
			Started:         at(-time.Hour),
			Description:     "CT cervical spine",
			From:            "CT1",
		},
		Series: neckfrac.Series{
			UID: neckfrac.SeriesUID(fmt.Sprintf("1.2.3.%d.%d", study, series)), Modality: "CT", Number: series, Description: "bone",
		},
		Instance: neckfrac.Instance{
			UID:               neckfrac.InstanceUID(fmt.Sprintf("1.2.3.%d.%d.%d", study, series, n)),
			SOPClassUID:       "1.2.840.10008.5.1.4.1.1.2",
			TransferSyntaxUID: "1.2.840.10008.1.2.1",
			Number:            n,
			Blob:              blobOf(fmt.Sprintf("%d/%d/%d", study, series, n)),
			Received:          epoch,
		},
	}
}

func received(a neckfrac.Arrival, t time.Time) neckfrac.Arrival {
	a.Instance.Received = t
	return a
}

func person(n int) neckfrac.PatientKey {
	return neckfrac.PatientKey{Issuer: "HOSP", ID: fmt.Sprintf("P%d", n)}
}

func blobOf(s string) neckfrac.BlobRef {
	sum := sha256.Sum256([]byte(s))
	return neckfrac.BlobRef{Digest: hex.EncodeToString(sum[:]), Size: int64(len(s))}
}

// assessment is an analysed result with one flagged level.
func assessment(r neckfrac.Record) neckfrac.Assessment {
	return neckfrac.Assessment{
		StudyID: r.Study.ID, StudyUID: r.Study.UID, Status: neckfrac.Analysed, Created: at(time.Minute), T0: r.Study.LastReceived,
		Presence: neckfrac.Suspected, Probability: 0.75, Point: neckfrac.PointBalanced, Grade: neckfrac.GradeMedium,
		Findings: []neckfrac.Finding{{Vertebra: neckfrac.C5, Presence: neckfrac.Suspected, Probability: 0.75, Grade: neckfrac.GradeMedium, KeyIndex: 12}},
		Pack:     neckfrac.PackID{ID: "demo", Version: "1", Digest: blobOf("pack").Digest, Domain: neckfrac.DomainSynthetic},
		Profile:  neckfrac.Research,
	}
}

func (f *fixture) must(what string, err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("%s: %v", what, err)
	}
}

func (f *fixture) wantKind(what string, err error, want neckfrac.Kind) {
	f.Helper()
	if err == nil {
		f.Fatalf("%s: no error, want %v", what, want)
	}
	if got := neckfrac.KindOf(err); got != want {
		f.Fatalf("%s: kind %v, want %v (%v)", what, got, want, err)
	}
}

func (f *fixture) receive(a neckfrac.Arrival) neckfrac.Receipt {
	f.Helper()
	r, err := f.l.Receive(f.ctx(), a)
	f.must("receive", err)
	if r.StudyID == "" {
		f.Fatal("receive: no study id")
	}
	return r
}

func (f *fixture) record(id neckfrac.StudyID) neckfrac.Record {
	f.Helper()
	r, err := f.l.Record(f.ctx(), id)
	f.must("record", err)
	return r
}

func (f *fixture) wantState(what string, id neckfrac.StudyID, study neckfrac.StudyState, job neckfrac.JobState) {
	f.Helper()
	r := f.record(id)
	if r.Study.State != study || r.Job != job {
		f.Fatalf("%s: study %q job %q, want %q %q", what, r.Study.State, r.Job, study, job)
	}
}

func (f *fixture) settle(id neckfrac.StudyID, seen, now time.Time) neckfrac.Job {
	f.Helper()
	j, err := f.l.Settle(f.ctx(), id, seen, neckfrac.BasisQuiet, neckfrac.Routine, now)
	f.must("settle", err)
	return j
}

func (f *fixture) lease(id neckfrac.JobID, now time.Time) neckfrac.Lease {
	f.Helper()
	l, err := f.l.Lease(f.ctx(), id, "worker-1", now, time.Minute)
	f.must("lease", err)
	return l
}

// leased is a study with one instance whose job runs.
func (f *fixture) leased(study int) (neckfrac.StudyID, neckfrac.Lease) {
	f.Helper()
	id := f.receive(arrival(study, 1, 1)).StudyID
	j := f.settle(id, epoch, at(20*time.Second))
	return id, f.lease(j.ID, at(21*time.Second))
}

// finished is a study with one instance, one revision and the given deliveries.
func (f *fixture) finished(study int, out ...neckfrac.Delivery) (neckfrac.StudyID, neckfrac.Assessment) {
	f.Helper()
	id, l := f.leased(study)
	a, err := f.l.Finish(f.ctx(), l, assessment(f.record(id)), out)
	f.must("finish", err)
	return id, a
}
