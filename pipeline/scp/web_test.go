package scp_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

// webBench is the web's storage over the fakes.
type webBench struct {
	ledger  *pipelinetest.Ledger
	blobs   *pipelinetest.Blobs
	log     *bytes.Buffer
	handler http.Handler
}

func newWebBench(t *testing.T, rules ...scp.Rule) *webBench {
	t.Helper()
	b := &webBench{ledger: pipelinetest.NewLedger(pipelinetest.NewClock(time.Unix(0, 0))), blobs: pipelinetest.NewBlobs(), log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	backend, err := scp.New(scp.Config{AETitle: "NECKFRAC", Rules: rules, Log: log,
		Receiver: &pipeline.Receiver{Blobs: b.blobs, Intake: b.ledger, MaxObjectBytes: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	web, err := scp.NewWeb(scp.WebConfig{Backend: backend, Records: b.ledger, Blobs: b.blobs, Services: []dicomnet.Service{
		{SOPClassUIDs: []string{dataset.Verification}, TransferSyntaxUIDs: []string{dataset.ExplicitVRLittleEndian}},
		{SOPClassUIDs: []string{dataset.CTImageStorage, dataset.KeyObjectSelectionStorage}, TransferSyntaxUIDs: []string{dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if b.handler, err = dicomweb.New(web, dicomweb.Config{BaseURL: "http://neckfrac.example", Log: log}); err != nil {
		t.Fatal(err)
	}
	return b
}

func part10(t *testing.T, ts string, ds dataset.Dataset) []byte {
	t.Helper()
	return part10As(t, ts, text(ds, dataset.TagSOPClassUID), text(ds, dataset.TagSOPInstanceUID), ds)
}

func part10As(t *testing.T, ts, class, instance string, ds dataset.Dataset) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := dataset.EncodePart10(&b, dataset.Meta{TransferSyntaxUID: ts, SOPClassUID: class, SOPInstanceUID: instance, ImplementationClassUID: "1.2.3"}, ds); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func text(ds dataset.Dataset, tag dataset.Tag) string {
	s, _ := ds.String(tag)
	return s
}

func (b *webBench) post(path string, objects ...[]byte) *httptest.ResponseRecorder {
	var body bytes.Buffer
	mw := multipart.NewWriter(&body)
	for _, o := range objects {
		p, _ := mw.CreatePart(map[string][]string{"Content-Type": {"application/dicom"}})
		p.Write(o)
	}
	mw.Close()
	r := httptest.NewRequest("POST", path, &body)
	r.RemoteAddr = "10.1.2.3:4000"
	r.Header.Set("Content-Type", `multipart/related; type="application/dicom"; boundary=`+mw.Boundary())
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

func (b *webBench) get(path, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

// reason is the failure reason of the one part of a store response, 0 for a kept one.
func reason(t *testing.T, w *httptest.ResponseRecorder) uint16 {
	t.Helper()
	var got uint16
	err := dicomweb.DecodeJSON(bytes.NewReader(w.Body.Bytes()), dicomweb.JSONLimits{}, func(o dicomweb.Object) error {
		for _, tag := range []dataset.Tag{dataset.TagFailedSOPSequence, 0x0008119A} {
			if item, ok := o.Dataset.Item(tag); ok {
				got, _ = item.Uint16(dataset.TagFailureReason)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("status %d: %v: %s", w.Code, err, w.Body)
	}
	return got
}

func TestWebStoresAsTheStorageSCPDoes(t *testing.T) {
	t.Parallel()
	b, c := newWebBench(t), newBench(t)
	uid := seriesUID + ".1"
	if w := b.post("/studies", part10(t, dataset.ExplicitVRLittleEndian, ct(uid))); w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if got := c.store(t, uid, encode(t, ct(uid))); got != 0 {
		t.Fatalf("C-STORE: %04X", got)
	}
	read := func(l *pipelinetest.Ledger, blobs *pipelinetest.Blobs) (neckfrac.Study, []byte) {
		recs, err := l.Find(t.Context(), neckfrac.StudyQuery{UID: studyUID})
		if err != nil || len(recs) != 1 {
			t.Fatalf("%d records, %v", len(recs), err)
		}
		series, _ := l.Instances(t.Context(), recs[0].Study.ID)
		f, err := blobs.Open(t.Context(), series[0].Instances[0].Blob)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		bytes, _ := io.ReadAll(f)
		return recs[0].Study, bytes
	}
	web, webBytes := read(b.ledger, b.blobs)
	net, netBytes := read(c.ledger, c.blobs)
	net.LastReceived, web.LastReceived, net.From = time.Time{}, time.Time{}, ""
	if fmt.Sprintf("%+v", web) != fmt.Sprintf("%+v", net) {
		t.Errorf("studies differ:\n web %+v\n net %+v", web, net)
	}
	// Only the sender's AE title in the meta information differs.
	if body := encode(t, ct(uid)); !bytes.HasSuffix(webBytes, body) || !bytes.HasSuffix(netBytes, body) {
		t.Error("stored bytes do not end in the data set as it came")
	}
	if !bytes.Equal(webBytes[:128], make([]byte, 128)) {
		t.Error("the preamble is not ours")
	}
}

func TestWebFailureReasons(t *testing.T) {
	t.Parallel()
	uid := seriesUID + ".1"
	explicit := dataset.ExplicitVRLittleEndian
	good := func(t *testing.T, change ...dataset.Element) []byte { return part10(t, explicit, ct(uid, change...)) }
	for _, c := range []struct {
		name   string
		path   string
		body   func(t *testing.T) []byte
		before func(*webBench)
		want   uint16
		status int
	}{
		{name: "good", body: func(t *testing.T) []byte { return good(t) }, status: 200},
		{name: "meta names another instance", body: func(t *testing.T) []byte { return part10As(t, explicit, dataset.CTImageStorage, "1.2.9", ct(uid)) }, want: 0xA900, status: 409},
		{name: "another study", path: "/1.2.9", body: func(t *testing.T) []byte { return good(t) }, want: 0xA900, status: 409},
		{name: "class", body: func(t *testing.T) []byte {
			return good(t, dataset.NewText(dataset.TagSOPClassUID, dataset.MRImageStorage))
		}, want: 0x0122, status: 409},
		{name: "verification is no storage", body: func(t *testing.T) []byte {
			return good(t, dataset.NewText(dataset.TagSOPClassUID, dataset.Verification))
		}, want: 0x0122, status: 409},
		{name: "syntax", body: func(t *testing.T) []byte {
			return bytes.Replace(good(t), []byte("1.2.840.10008.1.2.1\x00"), []byte("1.2.840.10008.1.2.2\x00"), 1)
		}, want: 0xC122, status: 409},
		{name: "unknown syntax", body: func(t *testing.T) []byte {
			return bytes.Replace(good(t), []byte("1.2.840.10008.1.2.1\x00"), []byte("1.2.840.10008.1.2.9\x00"), 1)
		}, want: 0xC122, status: 409},
		{name: "pixels cut", body: func(t *testing.T) []byte { b := good(t); return b[:len(b)-2] }, want: 0xC000, status: 409},
		{name: "header cut", body: func(t *testing.T) []byte { return good(t)[:400] }, want: 0xC000, status: 409},
		{name: "no meta information", body: func(t *testing.T) []byte { return encode(t, ct(uid)) }, want: 0xC000, status: 409},
		{name: "noise", body: func(*testing.T) []byte { return bytes.Repeat([]byte{0xff, 0x13}, 500) }, want: 0xC000, status: 409},
		{name: "nothing", body: func(*testing.T) []byte { return nil }, want: 0xC000, status: 409},
		{name: "too large", body: func(t *testing.T) []byte {
			return good(t, dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, 2<<20)))
		}, want: 0xA700, status: 503},
		{name: "disk full", body: func(t *testing.T) []byte { return good(t) }, before: func(b *webBench) { b.blobs.Fail("Put", neckfrac.Unavailable, 1) }, want: 0xA700, status: 503},
		{name: "ledger broken", body: func(t *testing.T) []byte { return good(t) }, before: func(b *webBench) { b.ledger.Fail("Receive", neckfrac.Internal, 1) }, want: 0x0110, status: 409},
		{name: "other patient", body: func(t *testing.T) []byte { return good(t, dataset.NewText(dataset.TagPatientID, "NF-TEST-2")) },
			before: func(b *webBench) { b.post("/studies", good(t)) }, want: 0xA778, status: 409},
		{name: "other series", body: func(t *testing.T) []byte { return good(t, dataset.NewText(dataset.TagSeriesInstanceUID, "1.2.9")) },
			before: func(b *webBench) { b.post("/studies", good(t)) }, want: 0xA77B, status: 409},
		{name: "again", body: func(t *testing.T) []byte { return good(t) }, before: func(b *webBench) { b.post("/studies", good(t)) }, status: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newWebBench(t)
			if c.before != nil {
				c.before(b)
			}
			w := b.post("/studies"+c.path, c.body(t))
			if got := reason(t, w); got != c.want || w.Code != c.status {
				t.Errorf("status %d reason %04X, want %d %04X: %s", w.Code, got, c.status, c.want, w.Body)
			}
			if s := b.log.String(); strings.Contains(s, "CANARY") || strings.Contains(s, "NF-TEST") || strings.Contains(s, studyUID) {
				t.Errorf("PHI in the log: %s", s)
			}
		})
	}
}

func TestWebSearchesLedgerAndHeaders(t *testing.T) {
	t.Parallel()
	b := newWebBench(t)
	var objects [][]byte
	for i := 1; i <= 3; i++ {
		objects = append(objects, part10(t, dataset.ExplicitVRLittleEndian, ct(fmt.Sprintf("%s.%d", seriesUID, i), dataset.NewInt(dataset.TagInstanceNumber, int64(i)),
			dataset.NewText(dataset.TagSpecificCharacterSet, "ISO_IR 100"), dataset.NewText(dataset.TagReferringPhysicianName, "M\xfcller"))))
	}
	other := ct("1.9.1.1", dataset.NewText(dataset.TagStudyInstanceUID, "1.9"), dataset.NewText(dataset.TagSeriesInstanceUID, "1.9.1"),
		dataset.NewText(dataset.TagPatientID, "NF-TEST-9"), dataset.NewText(dataset.TagPatientName, "OTHER"), dataset.NewText(dataset.TagStudyDate, "20260101"))
	if w := b.post("/studies", append(objects, part10(t, dataset.ImplicitVRLittleEndian, other))...); w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	for query, want := range map[string]int{
		"/studies":                                    2,
		"/studies?limit=1":                            1,
		"/studies?offset=1":                           1,
		"/studies?PatientID=NF-TEST-1":                1,
		"/studies?PatientName=test^*":                 1,
		"/studies?AccessionNumber=A1":                 2,
		"/studies?AccessionNumber=a1":                 0,
		"/studies?StudyDate=20260304":                 1,
		"/studies?StudyDate=-20260228":                1,
		"/studies?StudyDate=20260301-":                1,
		"/studies?ModalitiesInStudy=MR":               0,
		"/studies?StudyInstanceUID=1.9,1.8":           1,
		"/studies?SOPInstanceUID=" + seriesUID + ".2": 1,
		"/series": 2,
		"/series?Modality=CT&SeriesInstanceUID=1.9.1":    1,
		"/studies/1.9/series":                            1,
		"/studies/1.9/instances":                         1,
		"/instances":                                     4,
		"/instances?limit=2&offset=3":                    1,
		"/instances?SOPInstanceUID=1.9.1.1,1.9.1.2":      1,
		"/studies/" + studyUID + "/instances?offset=1":   2,
		"/studies/1.9/series/1.9.1/instances?Modality=*": 1,
		"/studies/" + studyUID + "/series?Modality=MR":   0,
	} {
		w := b.get(query, "application/dicom+json")
		var got []dataset.Dataset
		if w.Code == 200 {
			if err := dicomweb.DecodeJSON(w.Body, dicomweb.JSONLimits{}, func(o dicomweb.Object) error { got = append(got, o.Dataset); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if len(got) != want || w.Code != map[bool]int{true: 200, false: 204}[want > 0] {
			t.Errorf("%s: status %d, %d matches, want %d", query, w.Code, len(got), want)
		}
	}
	for query, warned := range map[string]bool{"/studies?limit=1": true, "/studies?limit=1&offset=1": false, "/instances?limit=3": true, "/series?limit=2": false} {
		if got := b.get(query, "").Header().Get("Warning"); (got != "") != warned {
			t.Errorf("%s: warning %q, want one: %v", query, got, warned)
		}
	}
	w := b.get("/studies?PatientID=NF-TEST-1", "")
	for _, want := range []string{`"Alphabetic":"Müller"`, `"00201208":{"vr":"IS","Value":[3]}`, `"00080061":{"vr":"CS","Value":["CT"]}`, `"00080056":{"vr":"CS","Value":["ONLINE"]}`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("study lacks %s: %s", want, w.Body)
		}
	}
	// Rows come with the instance, and with a study only where they are asked for.
	if strings.Contains(w.Body.String(), `"00280010"`) || !strings.Contains(b.get("/instances", "").Body.String(), `"00280010"`) ||
		!strings.Contains(b.get("/studies?includefield=Rows", "").Body.String(), `"00280010"`) {
		t.Error("attributes of the wrong level")
	}
	// A lost object must not hide its study.
	b.blobs.Fail("Open", neckfrac.NotFound, 1)
	if w := b.get("/studies?PatientID=NF-TEST-1", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "UNAVAILABLE") || !strings.Contains(w.Body.String(), "CANARY") {
		t.Errorf("lost object: %d: %s", w.Code, w.Body)
	}
}

func TestWebGivesOutWhatIsStored(t *testing.T) {
	t.Parallel()
	b := newWebBench(t)
	uid := seriesUID + ".1"
	object := part10(t, dataset.ExplicitVRLittleEndian, ct(uid, dataset.NewInt(dataset.TagBitsAllocated, 16), dataset.NewInt(dataset.TagSamplesPerPixel, 1)))
	b.post("/studies", object)
	path := "/studies/" + studyUID + "/series/" + seriesUID + "/instances/" + uid
	w := b.get(path, "application/dicom")
	if w.Code != 200 || !bytes.HasSuffix(w.Body.Bytes(), encode(t, ct(uid, dataset.NewInt(dataset.TagBitsAllocated, 16), dataset.NewInt(dataset.TagSamplesPerPixel, 1)))) {
		t.Errorf("object: %d, %d bytes", w.Code, w.Body.Len())
	}
	w = b.get(path+"/frames/1", `multipart/related; type="application/octet-stream"`)
	_, params, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
	p, err := multipart.NewReader(w.Body, params["boundary"]).NextPart()
	if err != nil {
		t.Fatalf("%d: %v", w.Code, err)
	}
	if frame, _ := io.ReadAll(p); !bytes.Equal(frame, bytes.Repeat([]byte{1, 2}, 16)) {
		t.Errorf("frame %x", frame)
	}
	for path, want := range map[string]int{path + "/metadata": 200, "/studies/1.9": 404, "/studies/" + studyUID + "/series/1.9": 404, "/studies/" + studyUID + "/rendered": 404} {
		if w := b.get(path, "*/*"); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	b.blobs.Fail("Open", neckfrac.NotFound, 1)
	if w := b.get(path+"/metadata", "*/*"); w.Code != 500 {
		t.Errorf("lost object: %d, want 500", w.Code)
	}
}

func TestWebIssuerOfTheSendersAddress(t *testing.T) {
	t.Parallel()
	network := func(s string) *net.IPNet { _, n, _ := net.ParseCIDR(s); return n }
	for _, c := range []struct {
		name  string
		rules []scp.Rule
		want  string
	}{
		{"none", nil, ""},
		{"one", []scp.Rule{{AETitle: "A", Network: network("10.0.0.0/8"), Issuer: "HOSP"}}, "HOSP"},
		{"elsewhere", []scp.Rule{{AETitle: "A", Network: network("11.0.0.0/8"), Issuer: "HOSP"}}, ""},
		{"two agree", []scp.Rule{{AETitle: "A", Network: network("10.0.0.0/8"), Issuer: "HOSP"}, {AETitle: "B", Network: network("10.1.0.0/16"), Issuer: "HOSP"}}, "HOSP"},
		{"two disagree", []scp.Rule{{AETitle: "A", Network: network("10.0.0.0/8"), Issuer: "HOSP"}, {AETitle: "B", Network: network("10.1.0.0/16"), Issuer: "X"}}, ""},
		{"one says nothing", []scp.Rule{{AETitle: "A", Network: network("10.0.0.0/8"), Issuer: "HOSP"}, {AETitle: "B", Network: network("10.1.0.0/16")}}, ""},
	} {
		b := newWebBench(t, c.rules...)
		b.post("/studies", part10(t, dataset.ExplicitVRLittleEndian, ct(seriesUID+".1", dataset.NewText(dataset.TagIssuerOfPatientID, ""))))
		recs, err := b.ledger.Find(t.Context(), neckfrac.StudyQuery{})
		if err != nil || len(recs) != 1 || recs[0].Study.Patient.Key.Issuer != c.want {
			t.Errorf("%s: %d records, %v, want issuer %q", c.name, len(recs), err, c.want)
		}
	}
}

// rejection is a rejection note for one instance of the study.
func rejection(instance string) dataset.Dataset {
	ref := dataset.Dataset{dataset.NewText(dataset.TagReferencedSOPClassUID, dataset.CTImageStorage), dataset.NewText(dataset.TagReferencedSOPInstanceUID, instance)}
	ds := ct("1.2.7", dataset.NewText(dataset.TagSOPClassUID, dataset.KeyObjectSelectionStorage), dataset.NewText(dataset.TagSeriesInstanceUID, "1.2.7.1"),
		dataset.NewText(dataset.TagModality, "KO"),
		dataset.NewSequence(dataset.TagConceptNameCodeSequence, dataset.Dataset{dataset.NewText(dataset.TagCodeValue, "113001"), dataset.NewText(dataset.TagCodingSchemeDesignator, "DCM")}),
		dataset.NewSequence(dataset.TagCurrentRequestedProcedureEvidenceSequence, dataset.Dataset{dataset.NewText(dataset.TagStudyInstanceUID, studyUID),
			dataset.NewSequence(dataset.TagReferencedSeriesSequence, dataset.Dataset{dataset.NewText(dataset.TagSeriesInstanceUID, seriesUID),
				dataset.NewSequence(dataset.TagReferencedSOPSequence, ref)})}))
	out := dataset.Dataset{}
	for _, e := range ds {
		if e.Tag != dataset.TagPixelData {
			out = append(out, e)
		}
	}
	return out
}

func TestWebHidesWithdrawnInstances(t *testing.T) {
	t.Parallel()
	b := newWebBench(t)
	one, two := seriesUID+".1", seriesUID+".2"
	explicit := dataset.ExplicitVRLittleEndian
	if w := b.post("/studies", part10(t, explicit, ct(one)), part10(t, explicit, ct(two)), part10(t, explicit, rejection(one))); w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	series := "/studies/" + studyUID + "/series/" + seriesUID
	for path, want := range map[string]int{
		series + "/instances/" + one:               404,
		series + "/instances/" + one + "/metadata": 404,
		series + "/instances/" + two:               200,
		"/instances?SOPInstanceUID=" + one:         204,
		"/instances?SOPInstanceUID=" + two:         200,
	} {
		if w := b.get(path, "*/*"); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	if w := b.get(series+"/instances", ""); strings.Contains(w.Body.String(), one+`"`) || !strings.Contains(w.Body.String(), `"00201209":{"vr":"IS","Value":[1]}`) {
		t.Errorf("instances: %s", w.Body)
	}
}
