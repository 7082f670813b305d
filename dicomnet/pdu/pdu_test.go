package pdu_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// golden reads a commented hex file.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".golden.hex")
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func next(b []byte, lim pdu.Limits) (pdu.PDU, error) {
	return pdu.NewReader(bytes.NewReader(b), lim).Next()
}

func encode(t testing.TB, p pdu.PDU) []byte {
	t.Helper()
	b, err := p.AppendBinary(nil)
	if err != nil {
		t.Fatalf("%v: %v", p.Type(), err)
	}
	return b
}

var units = map[string]pdu.PDU{
	"associate-rq": &pdu.AssociateRQ{
		ProtocolVersion: 1, CalledAETitle: "NECKFRAC", CallingAETitle: "CT1", ApplicationContext: "1.2.840.10008.3.1.1.1",
		PresentationContexts: []pdu.PresentationContext{
			{ID: 1, AbstractSyntax: "1.2.840.10008.1.1", TransferSyntaxes: []string{"1.2.840.10008.1.2"}},
			{ID: 3, AbstractSyntax: "1.2.840.10008.5.1.4.1.1.2", TransferSyntaxes: []string{"1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}},
		},
		UserInformation: pdu.UserInformation{MaximumLength: 16384, ImplementationClassUID: "1.2.34",
			AsyncOperationsWindow: &pdu.AsyncOperationsWindow{Invoked: 1, Performed: 1},
			RoleSelections:        []pdu.RoleSelection{{SOPClassUID: "1.2", SCP: true}}},
	},
	"associate-ac": &pdu.AssociateAC{
		ProtocolVersion: 1, CalledAETitle: "NECKFRAC", CallingAETitle: "CT1", ApplicationContext: "1.2",
		PresentationResults: []pdu.PresentationResult{{ID: 1, TransferSyntax: "1.3"}, {ID: 5, Result: pdu.AbstractSyntaxNotSupported}},
		UserInformation:     pdu.UserInformation{MaximumLength: 131072, ImplementationClassUID: "1.2.34", ImplementationVersionName: "NF_DICOMNET"},
	},
	"p-data-tf": &pdu.PDataTF{PDVs: []pdu.PDV{
		{ContextID: 3, Command: true, Last: true, Data: []byte{0xAB, 0xCD}},
		{ContextID: 3, Data: []byte{1, 2}},
	}},
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	for name, want := range units {
		b := golden(t, name)
		got, err := next(b, pdu.Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s decodes to\n %+v, want\n %+v", name, got, want)
		}
		if enc := encode(t, want); !bytes.Equal(enc, b) {
			t.Errorf("%s encodes to\n%s, want\n%s", name, hex.Dump(enc), hex.Dump(b))
		}
	}
}

func TestSmallUnits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		p   pdu.PDU
		hex string
	}{
		{&pdu.AssociateRJ{Result: 1, Source: 1, Reason: 7}, "03000000000400010107"},
		{&pdu.ReleaseRQ{}, "05000000000400000000"},
		{&pdu.ReleaseRP{}, "06000000000400000000"},
		{&pdu.Abort{Source: pdu.AbortByProvider, Reason: pdu.ReasonUnexpectedPDU}, "07000000000400000202"},
	}
	for _, tt := range tests {
		if got := hex.EncodeToString(encode(t, tt.p)); got != tt.hex {
			t.Errorf("%v = %s, want %s", tt.p, got, tt.hex)
		}
		b, _ := hex.DecodeString(tt.hex)
		if got, err := next(b, pdu.Limits{}); err != nil || !reflect.DeepEqual(got, tt.p) {
			t.Errorf("%s = %v, %v", tt.hex, got, err)
		}
	}
}

// Every proper prefix of a unit is an unexpected end, however the bytes arrive.
func TestTruncated(t *testing.T) {
	t.Parallel()
	for name := range units {
		b := golden(t, name)
		for n := range b {
			want := io.ErrUnexpectedEOF
			if n == 0 {
				want = io.EOF
			}
			if _, err := next(b[:n], pdu.Limits{}); !errors.Is(err, want) {
				t.Fatalf("%s: %d of %d bytes: %v, want %v", name, n, len(b), err, want)
			}
		}
		r := pdu.NewReader(iotest.OneByteReader(bytes.NewReader(b)), pdu.Limits{})
		if _, err := r.Next(); err != nil {
			t.Errorf("%s byte by byte: %v", name, err)
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: second unit: %v, want io.EOF", name, err)
		}
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	rq := golden(t, "associate-rq")
	edit := func(at int, v ...byte) string {
		b := bytes.Clone(rq)
		copy(b[at:], v)
		return string(b)
	}
	tests := []struct {
		name, in string
		want     pdu.AbortReason
	}{
		{"unknown type", "\x08\x00\x00\x00\x00\x00", pdu.ReasonUnrecognizedPDU},
		{"type 0", "\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00", pdu.ReasonUnrecognizedPDU},
		{"4 GiB P-DATA", "\x04\x00\xFF\xFF\xFF\xFF", pdu.ReasonInvalidParameterValue},
		{"4 GiB A-ASSOCIATE", "\x01\x00\xFF\xFF\xFF\xFF", pdu.ReasonInvalidParameterValue},
		{"A-ABORT of 5", "\x07\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00", pdu.ReasonInvalidParameterValue},
		{"A-RELEASE of 3", "\x05\x00\x00\x00\x00\x03\x00\x00\x00", pdu.ReasonInvalidParameterValue},
		{"short A-ASSOCIATE", "\x01\x00\x00\x00\x00\x04\x00\x00\x00\x00", pdu.ReasonInvalidParameterValue},
		{"P-DATA without PDV", "\x04\x00\x00\x00\x00\x00", pdu.ReasonInvalidParameterValue},
		{"PDV length 1", "\x04\x00\x00\x00\x00\x06\x00\x00\x00\x01\x01\x01", pdu.ReasonInvalidParameterValue},
		{"PDV length odd", "\x04\x00\x00\x00\x00\x07\x00\x00\x00\x03\x01\x01\x00", pdu.ReasonInvalidParameterValue},
		{"PDV longer than PDU", "\x04\x00\x00\x00\x00\x06\x00\x00\x00\x04\x01\x01", pdu.ReasonInvalidParameterValue},
		{"PDV of 4 GiB", "\x04\x00\x00\x00\x00\x06\xFF\xFF\xFF\xFE\x01\x01", pdu.ReasonInvalidParameterValue},
		{"PDV header cut", "\x04\x00\x00\x00\x00\x04\x00\x00\x00\x02", pdu.ReasonInvalidParameterValue},
		{"item longer than PDU", edit(76, 0xFF, 0xFF), pdu.ReasonInvalidParameterValue},
		{"even context id", edit(103, 2), pdu.ReasonInvalidParameterValue},
		{"duplicate context id", edit(153, 1), pdu.ReasonInvalidParameterValue},
	}
	for _, tt := range tests {
		var e *pdu.Error
		if p, err := next([]byte(tt.in), pdu.Limits{}); !errors.As(err, &e) || e.Reason != tt.want {
			t.Errorf("%s: %v, %v; want reason %d", tt.name, p, err, tt.want)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	var reason *pdu.Error
	data := encode(t, &pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: 1, Data: make([]byte, 994)}}})
	if _, err := next(data, pdu.Limits{MaxPDataBytes: 1000}); err != nil {
		t.Errorf("P-DATA at the limit: %v", err)
	}
	if _, err := next(data, pdu.Limits{MaxPDataBytes: 999}); !errors.As(err, &reason) {
		t.Errorf("P-DATA over the limit: %v", err)
	}
	rq := golden(t, "associate-rq")
	if _, err := next(rq, pdu.Limits{MaxAssociateBytes: uint32(len(rq) - 6)}); err != nil {
		t.Errorf("A-ASSOCIATE at the limit: %v", err)
	}
	if _, err := next(rq, pdu.Limits{MaxAssociateBytes: uint32(len(rq) - 7)}); !errors.As(err, &reason) {
		t.Errorf("A-ASSOCIATE over the limit: %v", err)
	}
	with := func(n int) []byte {
		pc := pdu.PresentationContext{ID: 1, AbstractSyntax: "1.2", TransferSyntaxes: make([]string, n)}
		return encode(t, &pdu.AssociateRQ{PresentationContexts: []pdu.PresentationContext{pc}})
	}
	if _, err := next(with(pdu.MaxTransferSyntaxes), pdu.Limits{}); err != nil {
		t.Errorf("transfer syntaxes at the limit: %v", err)
	}
	if _, err := next(with(pdu.MaxTransferSyntaxes+1), pdu.Limits{}); !errors.As(err, &reason) {
		t.Errorf("transfer syntaxes over the limit: %v", err)
	}
	long := &pdu.AssociateRQ{ApplicationContext: "1." + strings.Repeat("2", 62)}
	if _, err := next(encode(t, long), pdu.Limits{}); err != nil {
		t.Errorf("UID at the limit: %v", err)
	}
	long.ApplicationContext += "3"
	if _, err := next(encode(t, long), pdu.Limits{}); !errors.As(err, &reason) {
		t.Errorf("UID over the limit: %v", err)
	}
	if _, err := (&pdu.AssociateRQ{CalledAETitle: "12345678901234567"}).AppendBinary(nil); err == nil {
		t.Error("an AE title of 17 characters encodes")
	}
}

// PS3.8 §9.3.1: unrecognized items are ignored, unknown sub-items survive.
func TestUnknownItemsAreTolerated(t *testing.T) {
	t.Parallel()
	rq := golden(t, "associate-rq")
	rq = append(rq, 0x77, 0, 0, 2, 'h', 'i')
	rq[5] += 6
	got, err := next(rq, pdu.Limits{})
	if err != nil || !reflect.DeepEqual(got, units["associate-rq"]) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Six bytes that state 4 GiB must not buy memory, and neither must an honest
// limit when no bytes follow.
func TestLengthFieldBuysNoMemory(t *testing.T) {
	header := []byte("\x01\x00\x00\x10\x00\x00")
	perRun := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := next(header, pdu.Limits{}); !errors.Is(err, io.ErrUnexpectedEOF) {
				b.Fatal(err)
			}
		}
	}).AllocedBytesPerOp()
	if perRun > 64<<10 {
		t.Errorf("%d bytes allocated for a header", perRun)
	}
}

// Fragments cost no memory beyond the buffer, however many come.
func TestFragmentsAreNotAllocated(t *testing.T) {
	data := encode(t, &pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: 1, Data: make([]byte, 100_000)}, {ContextID: 1, Data: make([]byte, 100)}}})
	in := bytes.NewReader(data)
	r := pdu.NewReader(in, pdu.Limits{})
	read := func() {
		in.Reset(data)
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	read() // grows the buffer
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("%v allocations a unit", n)
	}
}

func TestMaxPDVs(t *testing.T) {
	t.Parallel()
	with := func(n int) []byte { return encode(t, &pdu.PDataTF{PDVs: make([]pdu.PDV, n)}) }
	if _, err := next(with(pdu.MaxPDVs), pdu.Limits{}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	var e *pdu.Error
	if _, err := next(with(pdu.MaxPDVs+1), pdu.Limits{}); !errors.As(err, &e) || e.Reason != pdu.ReasonInvalidParameterValue {
		t.Errorf("over the limit: %v", err)
	}
}

func FuzzPDURead(f *testing.F) {
	for name := range units {
		f.Add(golden(f, name))
	}
	f.Add([]byte("\x07\x00\x00\x00\x00\x04\x00\x00\x02\x02"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := pdu.NewReader(bytes.NewReader(b), pdu.Limits{MaxAssociateBytes: 1 << 16, MaxPDataBytes: 1 << 16})
		for {
			p, err := r.Next()
			if err != nil {
				return
			}
			again, err := p.AppendBinary(nil)
			if err != nil {
				t.Fatalf("%v does not encode: %v", p.Type(), err)
			}
			got, err := next(again, pdu.Limits{MaxAssociateBytes: 1 << 17})
			if err != nil || !reflect.DeepEqual(got, p) {
				t.Fatalf("round trip: %+v, %v; want %+v", got, err, p)
			}
		}
	})
}

func FuzzAssociateRQ(f *testing.F) {
	f.Add(golden(f, "associate-rq")[6:])
	f.Add(encode(f, negotiating())[6:])
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		b := append([]byte{1, 0, 0, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
		p, err := next(b, pdu.Limits{})
		if used := allocated(func() { _, _ = next(b, pdu.Limits{}) }); used > uint64(16*len(body)+96<<10) {
			t.Fatalf("%d bytes allocated for %d", used, len(body))
		}
		if err != nil {
			return
		}
		rq := p.(*pdu.AssociateRQ)
		if len(rq.PresentationContexts) > pdu.MaxPresentationContexts || len(rq.CalledAETitle) > 16 || len(rq.CallingAETitle) > 16 {
			t.Fatalf("over the limits: %+v", rq)
		}
		again, err := rq.AppendBinary(nil)
		if err != nil {
			t.Fatalf("does not encode: %v", err)
		}
		if got, err := next(again, pdu.Limits{MaxAssociateBytes: 1 << 18}); err != nil || !reflect.DeepEqual(got, p) {
			t.Fatalf("round trip: %+v, %v; want %+v", got, err, p)
		}
	})
}

// allocated returns the bytes that f allocates. Other goroutines of the test
// count too, so it is for bounds with room.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
