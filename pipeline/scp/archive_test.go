package scp_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// ctServices accepts CT in explicit little endian.
var ctServices = []dicomnet.Service{{SOPClassUIDs: []string{dataset.CTImageStorage}, TransferSyntaxUIDs: []string{dataset.ExplicitVRLittleEndian}}}

func slice(n int) dataset.Dataset { return ct(fmt.Sprintf("%s.%d", seriesUID, n)) }

// fetchBench is our side of a retrieval.
func fetchBench(t *testing.T) (*scp.Backend, *pipelinetest.Ledger) {
	t.Helper()
	ledger := pipelinetest.NewLedger(pipelinetest.NewClock(time.Unix(0, 0)))
	b, err := scp.New(scp.Config{AETitle: "NECKFRAC", Log: slog.New(slog.DiscardHandler), Receiver: &pipeline.Receiver{Blobs: pipelinetest.NewBlobs(), Intake: ledger}})
	if err != nil {
		t.Fatal(err)
	}
	return b, ledger
}

// held lists the stored instances by their last number, and whom they came from.
func held(t *testing.T, l *pipelinetest.Ledger) (numbers []string, from neckfrac.AETitle) {
	t.Helper()
	recs, err := l.Find(t.Context(), neckfrac.StudyQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recs {
		from = r.Study.From
		series, err := l.Instances(t.Context(), r.Study.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range series {
			for _, in := range s.Instances {
				numbers = append(numbers, string(in.UID)[len(seriesUID)+1:])
			}
		}
	}
	slices.Sort(numbers)
	return numbers, from
}

func wanted(sel ...pipeline.Selection) pipeline.Wanted {
	return pipeline.Wanted{Study: studyUID, Selections: sel, SOPClasses: []string{dataset.CTImageStorage}}
}

var (
	wholeStudy  = pipeline.Selection{}
	wholeSeries = pipeline.Selection{Series: []neckfrac.SeriesUID{seriesUID}}
	twoSlices   = pipeline.Selection{Series: []neckfrac.SeriesUID{seriesUID}, Instances: []neckfrac.InstanceUID{seriesUID + ".1", seriesUID + ".3"}}
)

// webArchive is our own server as the source.
func webArchive(t *testing.T, b *scp.Backend, objects ...dataset.Dataset) *scp.WebArchive {
	t.Helper()
	there := newWebBench(t)
	for _, ds := range objects {
		if w := there.post("/studies", part10(t, dataset.ExplicitVRLittleEndian, ds)); w.Code != 200 {
			// newWebBench admits loopback alone where it has no rules; the answer tells.
			t.Fatalf("fill the source: %d %s", w.Code, w.Body)
		}
	}
	server := httptest.NewServer(there.handler)
	t.Cleanup(server.Close)
	client, err := dicomweb.NewClient(dicomweb.ClientConfig{Origins: []string{server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	return &scp.WebArchive{Backend: b, Source: scp.Source{AETitle: "PACS"}, Client: client, BaseURL: server.URL, Services: ctServices}
}

func TestFetchSelections(t *testing.T) {
	t.Parallel()
	objects := []dataset.Dataset{slice(1), slice(2), slice(3)}
	for name, c := range map[string]struct {
		sel  pipeline.Selection
		want []string
	}{
		"study": {wholeStudy, []string{"1", "2", "3"}}, "series": {wholeSeries, []string{"1", "2", "3"}}, "instances": {twoSlices, []string{"1", "3"}},
	} {
		for _, way := range []string{"c-get", "wado-rs"} {
			t.Run(way+" "+name, func(t *testing.T) {
				t.Parallel()
				b, ledger := fetchBench(t)
				var archive pipeline.Archive
				p := &pacs{t: t, objects: objects}
				archive = &scp.GetArchive{Backend: b, Source: scp.Source{AETitle: "PACS"}, Dial: p.dial, Services: ctServices}
				if way == "wado-rs" {
					archive = webArchive(t, b, objects...)
				}
				f, err := archive.Fetch(t.Context(), wanted(c.sel))
				if err != nil || len(f.Refused) != 0 {
					t.Fatalf("fetch: %v, refused %v", err, f.Refused)
				}
				if got, from := held(t, ledger); !slices.Equal(got, c.want) || from != "PACS" {
					t.Errorf("held %v from %s, want %v", got, from, c.want)
				}
			})
		}
	}
}

func TestFetchRefusesWhatIsNotRight(t *testing.T) {
	t.Parallel()
	other := slice(2).Put(dataset.NewText(dataset.TagPatientID, "NF-TEST-2"))
	strange := ct(seriesUID+".3", dataset.NewText(dataset.TagStudyInstanceUID, "1.2.3.4"))
	want := map[neckfrac.InstanceUID]neckfrac.Kind{seriesUID + ".2": neckfrac.Conflict, seriesUID + ".3": neckfrac.Invalid}

	b, ledger := fetchBench(t)
	// An archive that sends a slice of another study with those asked for.
	p := &pacs{t: t, objects: []dataset.Dataset{slice(1), other, strange}, loose: true}
	get := &scp.GetArchive{Backend: b, Source: scp.Source{AETitle: "PACS"}, Dial: p.dial, Services: ctServices}
	f, err := get.Fetch(t.Context(), wanted(wholeStudy))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, f.Refused); d != "" {
		t.Errorf("refused (-want +got):\n%s", d)
	}
	if got, _ := held(t, ledger); !slices.Equal(got, []string{"1"}) {
		t.Errorf("held %v", got)
	}
	if !slices.Contains(p.answers, dimse.Status(0xA778)) || !slices.Contains(p.answers, dimse.Status(0xA900)) {
		t.Errorf("the source heard %v", p.answers)
	}
}

// TestBrokenFetchRefusesNothing: what the connection is to blame for is asked for again.
func TestBrokenFetchRefusesNothing(t *testing.T) {
	t.Parallel()
	b, ledger := fetchBench(t)
	p := &pacs{t: t, objects: []dataset.Dataset{slice(1)}, cut: true}
	get := &scp.GetArchive{Backend: b, Source: scp.Source{AETitle: "PACS"}, Dial: p.dial, Services: ctServices}
	f, err := get.Fetch(t.Context(), wanted(wholeSeries))
	if neckfrac.KindOf(err) != neckfrac.Unavailable || len(f.Refused) != 0 {
		t.Errorf("%v, refused %v", err, f.Refused)
	}
	if got, _ := held(t, ledger); len(got) != 0 {
		t.Errorf("held %v", got)
	}
}

func TestMoveGoesToOurOwnTitle(t *testing.T) {
	t.Parallel()
	var destination string
	p := &pacs{t: t, objects: []dataset.Dataset{slice(1), slice(2), slice(3)}}
	n := 0
	p.moved = func(d string, objects []dataset.Dataset) { destination, n = d, len(objects) }
	move := &scp.MoveArchive{Dial: p.dial, Destination: "NECKFRAC"}
	if _, err := move.Fetch(t.Context(), wanted(twoSlices)); err != nil || destination != "NECKFRAC" || n != 2 {
		t.Errorf("%v, %d objects to %q", err, n, destination)
	}
}

func TestSourceAnswersBecomeKinds(t *testing.T) {
	t.Parallel()
	for status, want := range map[dimse.Status]neckfrac.Kind{
		dimse.MoveDestinationUnknown: neckfrac.Unauthorized, dimse.NotAuthorized: neckfrac.Unauthorized, dimse.SOPClassNotSupported: neckfrac.Unsupported,
		dimse.DataSetDoesNotMatchSOPClass: neckfrac.Invalid, dimse.UnableToPerformSubOperations: neckfrac.Unavailable, dimse.CannotUnderstand: neckfrac.Invalid,
	} {
		p := &pacs{t: t, status: status}
		_, err := (&scp.MoveArchive{Dial: p.dial, Destination: "NECKFRAC"}).Fetch(t.Context(), wanted(wholeStudy))
		if got := neckfrac.KindOf(err); err == nil || got != want {
			t.Errorf("%v: %v of kind %v, want %v", status, err, got, want)
		}
	}
	b, _ := fetchBench(t)
	get := &scp.GetArchive{Backend: b, Dial: (&pacs{t: t}).dial, Services: ctServices}
	_, err := get.Fetch(t.Context(), pipeline.Wanted{Study: studyUID, SOPClasses: []string{dataset.MRImageStorage}})
	if neckfrac.KindOf(err) != neckfrac.Unsupported {
		t.Errorf("class that is not accepted: %v", err)
	}
	web := webArchive(t, b)
	if _, err := web.Fetch(t.Context(), wanted(wholeStudy)); neckfrac.KindOf(err) != neckfrac.NotFound {
		t.Errorf("study that is not there: %v", err)
	}
}

func TestListTellsInstances(t *testing.T) {
	t.Parallel()
	second := ct(studyUID+".2.1", dataset.NewText(dataset.TagSeriesInstanceUID, studyUID+".2"))
	objects := []dataset.Dataset{slice(1), slice(2), second}
	var want []neckfrac.AnnouncedInstance
	for _, ds := range objects {
		want = append(want, neckfrac.AnnouncedInstance{Series: neckfrac.SeriesUID(text(ds, dataset.TagSeriesInstanceUID)),
			InstanceRef: neckfrac.InstanceRef{SOPClassUID: dataset.CTImageStorage, UID: neckfrac.InstanceUID(text(ds, dataset.TagSOPInstanceUID))}})
	}
	b, _ := fetchBench(t)
	p := &pacs{t: t, objects: objects}
	for name, l := range map[string]scp.Lister{"c-find": &scp.GetArchive{Backend: b, Dial: p.dial}, "qido-rs": webArchive(t, b, objects...)} {
		got, err := l.List(t.Context(), studyUID)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		slices.SortFunc(got, func(a, b neckfrac.AnnouncedInstance) int { return slices.Compare([]byte(a.UID), []byte(b.UID)) })
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestSourceNamesWhatItCouldNotSend: the list counts with a warning and with a failure.
func TestSourceNamesWhatItCouldNotSend(t *testing.T) {
	t.Parallel()
	want := []neckfrac.InstanceUID{seriesUID + ".1", seriesUID + ".3"}
	for _, status := range []dimse.Status{dimse.CoercionOfDataElements, dimse.UnableToPerformSubOperations} {
		for _, way := range []string{"c-get", "c-move"} {
			t.Run(fmt.Sprintf("%s %v", way, status), func(t *testing.T) {
				t.Parallel()
				b, _ := fetchBench(t)
				p := &pacs{t: t, status: status, failed: []string{seriesUID + ".1", seriesUID + ".3"}}
				archive := pipeline.Archive(&scp.GetArchive{Backend: b, Source: scp.Source{AETitle: "PACS"}, Dial: p.dial, Services: ctServices})
				if way == "c-move" {
					archive = &scp.MoveArchive{Dial: p.dial, Destination: "NECKFRAC"}
				}
				f, err := archive.Fetch(t.Context(), wanted(wholeStudy))
				if failed := err != nil; failed != (status == dimse.UnableToPerformSubOperations) {
					t.Errorf("fetch: %v", err)
				}
				if d := cmp.Diff(want, f.Failed); d != "" {
					t.Errorf("failed (-want +got):\n%s", d)
				}
			})
		}
	}
}
