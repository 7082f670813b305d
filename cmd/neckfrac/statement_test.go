package main

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

var updateStatement = flag.Bool("update-statement", false, "rewrite docs/conformance/statement.md")

const statementFile = "../../docs/conformance/statement.md"

// TestConformanceStatement makes the DICOM conformance statement (PS3.2) from the tables
// and functions that the service itself uses, and fails when the file says otherwise.
func TestConformanceStatement(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for _, section := range []func(*testing.T, *bytes.Buffer){
		statementIntro, statementServices, statementClasses, statementSyntaxes, statementAssociations,
		statementStatuses, statementTLS, statementWeb, statementLimits,
	} {
		section(t, &b)
	}
	got := strings.TrimRight(b.String(), "\n") + "\n"
	if *updateStatement {
		if err := os.WriteFile(statementFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(statementFile)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("docs/conformance/statement.md is stale: make conformance-docs, and read the diff\n%s", firstDifference(string(want), got))
	}
}

// firstDifference shows the first line that two texts do not share.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("line %d\n- %s\n+ %s", i+1, w[i], strings.Join(g[min(i, len(g)):min(i+1, len(g))], ""))
		}
	}
	return "lines at the end"
}

func statementIntro(_ *testing.T, b *bytes.Buffer) {
	fmt.Fprintf(b, `# DICOM conformance statement

Made from the code's tables by %[1]smake conformance-docs%[1]s; a test compares. %[2]s
How hostile or broken input is answered, with the tests of it: [reliability.md](reliability.md).

One application entity receives cervical spine CT, by C-STORE, STOW-RS or retrieval from configured sources, and keeps it
until it has a result or a reason why not. Objects are stored as the bytes of the data set that came, behind a file meta header of ours. Results
leave by FHIR and CDS Hooks, not by DICOM, in this version.

`, "`", neckfrac.ResearchUse)
}

// serviceRow is a line of the services: where it is configured and which classes it has.
type serviceRow struct{ name, role, when string }

func statementServices(_ *testing.T, b *bytes.Buffer) {
	name := func(s dicomnet.Service) string { return className(s.SOPClassUIDs[0]) + " " + s.SOPClassUIDs[0] }
	query := func(uid string) string { return className(uid) + " " + uid }
	rows := []serviceRow{
		{query(dataset.Verification), "SCP", "always"},
		{"Storage, the classes below", "SCP", "always"},
		{"Storage, the classes of the files", "SCU", "`neckfrac send`"},
		{"Storage, the classes below", "SCP of C-GET sub-operations, by role selection", "a source with `method: c-get`"},
		{name(scp.CommitmentService()), "SCP", "`dicom.commitment.scp` and `retention.committed_days`; the report comes on an association of ours, as SCP by role selection, to the peer's configured address"},
		{name(scp.CommitmentService()), "SCU", "`neckfrac send --commit`"},
		{name(scp.AvailabilityService()), "SCP", "`dicom.sources`"},
		{name(scp.AvailabilityService()), "SCU", "`neckfrac retrieve`, to our own service"},
		{query(dataset.StudyRootQueryFind), "SCU", "`neckfrac retrieve`, `neckfrac doctor`; SERIES and IMAGE level, hierarchical"},
		{query(dataset.StudyRootQueryMove), "SCU", "a source with `method: c-move`; STUDY, SERIES and IMAGE level, destination is our own AE title"},
		{query(dataset.StudyRootQueryGet), "SCU", "a source with `method: c-get`; STUDY, SERIES and IMAGE level"},
		{"Studies service of PS3.18: STOW-RS, QIDO-RS, WADO-RS", "origin server", "always, at `" + dicomWebPath + "`"},
		{"Studies service of PS3.18: QIDO-RS, WADO-RS", "user agent", "a source with `method: wado-rs`"},
	}
	fmt.Fprint(b, "## Services\n\n| service | role | when |\n|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(b, "| %s | %s | %s |\n", r.name, r.role, r.when)
	}
	fmt.Fprintf(b, `
Retrieval: a notification (PS3.4 Annex R) becomes a retrieval only for instances that are ONLINE at a Retrieve AE Title of
%[1]sdicom.sources%[1]s; the ledger has it before the notification is answered. Addresses in messages are never used. What is held is not
fetched again: whole series of which nothing came are asked for, and single instances, as a list of UIDs, of the others. Where that
does not help, later attempts ask for the series and then for the study. A retrieval ends as done, or after %[2]d attempts with growing
pauses, of which the last brought nothing, as partial or failed with a kind. Kept with it is which of the missing instances the source named
in its Failed SOP Instance UID List (0008,0058).

`, "`", pipeline.DefaultRetrieveAttempts)
}

func statementClasses(t *testing.T, b *bytes.Buffer) {
	classes, err := scp.StorageClasses(nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(b, "## Storage SOP classes\n\n| SOP class | UID | what becomes of it |\n|---|---|---|\n")
	for _, c := range classes {
		fmt.Fprintf(b, "| %s | %s | %s |\n", className(c.UID), c.UID, c.Handling)
	}
	fmt.Fprint(b, "\n`dicom.storage_classes` adds others, which are kept. Objects whose UID is of our own making are kept as echoes.\n\n")
}

func statementSyntaxes(t *testing.T, b *bytes.Buffer) {
	always, err := scp.TransferSyntaxes(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(b, "## Transfer syntaxes\n\nIn order of preference, the same for each storage class. Services without pixels: Explicit and Implicit VR Little Endian.\n\n| word of `dicom.transfer_syntaxes` | transfer syntax | UID | accepted |\n|---|---|---|---|\n")
	for _, word := range scp.SyntaxWords() {
		uids, err := scp.TransferSyntaxes([]string{word}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, uid := range uids {
			ts, _ := dataset.LookupTransferSyntax(uid)
			when := "by default where a worker decodes it"
			switch {
			case ts.Lossy:
				when = "only when the word is configured"
			case strings.Contains(strings.Join(always, " ")+" ", uid+" "):
				when = "by default"
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", word, ts.Name, uid, when)
		}
	}
	fmt.Fprint(b, "\nA word that is configured is accepted whether a worker decodes it or not; the study then ends as not analysed (pixel-unreadable).\n\n")
}

func statementAssociations(_ *testing.T, b *bytes.Buffer) {
	cfg := DefaultConfig()
	lim := dicomnet.DefaultLimits()
	fmt.Fprint(b, "## Associations\n\n| item | value |\n|---|---|\n")
	for _, r := range [][2]string{
		{"application context", dataset.ApplicationContext},
		{"implementation class UID", scp.ImplementationClassUID},
		{"implementation version name", scp.ImplementationVersionName},
		{"AE title, address", fmt.Sprintf("`dicom.aet` (%s), `dicom.addr` (%s)", cfg.DICOM.AET, cfg.DICOM.Addr)},
		{"associations at a time", fmt.Sprintf("`dicom.max_associations` (%d), of one address %d; over it A-ASSOCIATE-RJ (2,3,2)", cfg.DICOM.MaxAssociations, cfg.DICOM.perPeer())},
		{"maximum PDU length", fmt.Sprintf("%d", lim.MaxPDUBytes)},
		{"asynchronous operations window", "answered 1, 1"},
		{"SCP/SCU role selection", "answered for what is offered; proposed as SCU of C-GET and as SCP of commitment reports"},
		{"user identity", "not asked for and not used; a positive response is never given"},
		{"extended negotiation", "not answered"},
		{"called AE title is not ours", rejection(dicomnet.RejectCalledAE)},
		{"calling AE title or address not in `dicom.peers`", rejection(dicomnet.RejectCallingAE) + "; without peers every title from loopback is admitted"},
		{"store below its watermark", "A-ASSOCIATE-RJ (2,3,1); on an association that is open 0213H for requests and notifications"},
		{"open commitment transactions, and open retrievals, of one AE title", fmt.Sprintf("`dicom.requests.open_per_peer` (%d), of all %d and %d; over it 0213H", cfg.DICOM.Requests.OpenPerPeer, neckfrac.MaxOpenCommitments, neckfrac.MaxOpenRetrievals)},
		{"a commitment report that is not confirmed, a retrieval that does not end", fmt.Sprintf("tried again with growing pauses until `dicom.requests.expiry` (%v h), then kept as undelivered, or as partial or failed, and counted", cfg.DICOM.Requests.Expiry.Hours())},
		{"what has ended", fmt.Sprintf("is remembered for `dicom.requests.keep` (%v h); asked for or notified once more after that it is new", cfg.DICOM.Requests.Keep.Hours())},
	} {
		fmt.Fprintf(b, "| %s | %s |\n", r[0], r[1])
	}
	fmt.Fprintln(b)
}

func rejection(r *dicomnet.RejectError) string {
	return fmt.Sprintf("A-ASSOCIATE-RJ (%d,%d,%d)", r.Result, r.Source, r.Reason)
}

// TestStatementResourcesAnswer asks the running service for every resource of the
// statement.
func TestStatementResourcesAnswer(t *testing.T) {
	t.Parallel()
	r := startService(t, nil)
	s := newStudy(1)
	s.stow(t, r)
	r.await(t, s, 1)
	fill := strings.NewReplacer("{study}", s.uid, "{series}", s.uid+".1", "{instance}", s.instance(0), "{frames}", "1")
	for _, w := range webResources {
		if w.method != http.MethodGet {
			continue // stow has shown it
		}
		rq, err := http.NewRequestWithContext(t.Context(), w.method, "http://"+r.HTTPAddr+dicomWebPath+fill.Replace(w.path), nil)
		if err != nil {
			t.Fatal(err)
		}
		rs, err := http.DefaultClient.Do(rq)
		if err != nil {
			t.Fatal(err)
		}
		rs.Body.Close()
		if rs.StatusCode != http.StatusOK {
			t.Errorf("%s %s: %s", w.method, w.path, rs.Status)
		}
	}
}

// webResource is a row of PS3.18 Table 10.1.1-1 that is served.
type webResource struct{ method, path, service, what string }

var webResources = []webResource{
	{"POST", "/studies", "STOW-RS", "objects of any study"},
	{"POST", "/studies/{study}", "STOW-RS", "objects of this study"},
	{"GET", "/studies", "QIDO-RS", "studies"},
	{"GET", "/series", "QIDO-RS", "series"},
	{"GET", "/instances", "QIDO-RS", "instances"},
	{"GET", "/studies/{study}/series", "QIDO-RS", "series of a study"},
	{"GET", "/studies/{study}/instances", "QIDO-RS", "instances of a study"},
	{"GET", "/studies/{study}/series/{series}/instances", "QIDO-RS", "instances of a series"},
	{"GET", "/studies/{study}", "WADO-RS", "objects as they are stored"},
	{"GET", "/studies/{study}/series/{series}", "WADO-RS", "objects as they are stored"},
	{"GET", "/studies/{study}/series/{series}/instances/{instance}", "WADO-RS", "the object as it is stored"},
	{"GET", "/studies/{study}/metadata", "WADO-RS", "headers as DICOM JSON; also of series and instances"},
	{"GET", "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}", "WADO-RS", "frames as they are stored"},
	{"GET", "/studies/{study}/rendered", "WADO-RS", "a key image of the result, from the runner; 404 in triage"},
}

func statementWeb(_ *testing.T, b *bytes.Buffer) {
	fmt.Fprintf(b, "## DICOMweb\n\nBelow `%s`; another method is answered 405, `bulkdata` of an instance is addressed by its metadata.\n\n| method | resource | service | what |\n|---|---|---|---|\n", dicomWebPath)
	for _, w := range webResources {
		fmt.Fprintf(b, "| %s | `%s` | %s | %s |\n", w.method, w.path, w.service, w.what)
	}
	fmt.Fprint(b, "\nSTOW-RS gives the failure reasons of the C-STORE statuses, 0122H for a class and C122H for a transfer syntax that is not accepted. QIDO-RS matches literally.\n\n")
}
