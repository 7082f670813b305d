package dimse_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

func encode(t testing.TB, c dimse.Command) []byte {
	t.Helper()
	b, err := dimse.Append(nil, c)
	if err != nil {
		t.Fatalf("%v: %v", c.Header().Field, err)
	}
	return b
}

func commands() []dimse.Command {
	return []dimse.Command{
		&dimse.CEchoRQ{MessageID: 1, AffectedSOPClassUID: dataset.Verification},
		&dimse.CEchoRSP{MessageID: 1, AffectedSOPClassUID: dataset.Verification},
		&dimse.CStoreRQ{MessageID: 2, AffectedSOPClassUID: dataset.CTImageStorage, AffectedSOPInstanceUID: "1.2.3", Priority: dimse.PriorityHigh},
		&dimse.CStoreRQ{MessageID: 2, AffectedSOPClassUID: dataset.CTImageStorage, AffectedSOPInstanceUID: "1.2.3", MoveOriginatorAETitle: "PACS", MoveOriginatorMessageID: 7},
		&dimse.CStoreRSP{MessageID: 2, AffectedSOPClassUID: dataset.CTImageStorage, AffectedSOPInstanceUID: "1.2.3", Status: dimse.OutOfResources, ErrorComment: "disk full"},
		&dimse.CFindRQ{MessageID: 3, AffectedSOPClassUID: dataset.StudyRootQueryFind, Priority: dimse.PriorityLow},
		&dimse.CFindRSP{MessageID: 3, AffectedSOPClassUID: dataset.StudyRootQueryFind, Status: dimse.Pending, HasIdentifier: true},
		&dimse.CFindRSP{MessageID: 3, AffectedSOPClassUID: dataset.StudyRootQueryFind, Status: dimse.CannotUnderstand, ErrorComment: "no level"},
		&dimse.CMoveRQ{MessageID: 4, AffectedSOPClassUID: dataset.StudyRootQueryMove, MoveDestination: "NECKFRAC"},
		&dimse.CMoveRSP{MessageID: 4, AffectedSOPClassUID: dataset.StudyRootQueryMove, Status: dimse.Pending, SubOperations: dimse.SubOperations{Remaining: 9, Completed: 3, Failed: 2, Warning: 1}},
		&dimse.CMoveRSP{MessageID: 4, AffectedSOPClassUID: dataset.StudyRootQueryMove, Status: dimse.CoercionOfDataElements, HasIdentifier: true, SubOperations: dimse.SubOperations{Completed: 3, Failed: 2}},
		&dimse.CGetRQ{MessageID: 5, AffectedSOPClassUID: dataset.StudyRootQueryGet, Priority: dimse.PriorityHigh},
		&dimse.CGetRSP{MessageID: 5, AffectedSOPClassUID: dataset.StudyRootQueryGet, Status: dimse.Cancel, SubOperations: dimse.SubOperations{Remaining: 65535, Completed: 1}},
		&dimse.CCancelRQ{MessageID: 5},
		&dimse.NEventReportRQ{MessageID: 6, AffectedSOPClassUID: dataset.StorageCommitmentPushModel, AffectedSOPInstanceUID: dataset.StorageCommitmentPushInstance, EventTypeID: 2, HasInformation: true},
		&dimse.NEventReportRSP{MessageID: 6, AffectedSOPClassUID: dataset.StorageCommitmentPushModel, AffectedSOPInstanceUID: dataset.StorageCommitmentPushInstance, EventTypeID: 2, Status: dimse.NoSuchEventType},
		&dimse.NActionRQ{MessageID: 7, RequestedSOPClassUID: dataset.StorageCommitmentPushModel, RequestedSOPInstanceUID: dataset.StorageCommitmentPushInstance, ActionTypeID: 1, HasInformation: true},
		&dimse.NActionRSP{MessageID: 7, AffectedSOPClassUID: dataset.StorageCommitmentPushModel, AffectedSOPInstanceUID: dataset.StorageCommitmentPushInstance, ActionTypeID: 1},
		&dimse.NCreateRQ{MessageID: 8, AffectedSOPClassUID: dataset.InstanceAvailabilityNotification, AffectedSOPInstanceUID: "2.25.9", HasAttributes: true},
		&dimse.NCreateRQ{MessageID: 8, AffectedSOPClassUID: dataset.InstanceAvailabilityNotification},
		&dimse.NCreateRSP{MessageID: 8, AffectedSOPClassUID: dataset.InstanceAvailabilityNotification, AffectedSOPInstanceUID: "2.25.9", HasAttributes: true},
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, want := range commands() {
		got, err := dimse.Decode(encode(t, want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %+v, %v; want %+v", want.Header().Field, got, err, want)
		}
	}
}

// The bytes of a C-ECHO-RQ, written out by hand from PS3.7 §9.3.5.1.
func TestCEchoRQBytes(t *testing.T) {
	t.Parallel()
	want := "00000000" + "04000000" + "38000000" + // group length 56
		"00000200" + "12000000" + hex.EncodeToString([]byte("1.2.840.10008.1.1\x00")) +
		"00000001" + "02000000" + "3000" +
		"00001001" + "02000000" + "0100" +
		"00000008" + "02000000" + "0101"
	got := hex.EncodeToString(encode(t, commands()[0]))
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Two more commands written out by hand, from PS3.7 §10.3.4.1 and §9.3.4.2.
func TestNActionAndCMoveBytes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   dimse.Command
		want string
	}{
		{&dimse.NActionRQ{MessageID: 0x0102, RequestedSOPClassUID: "1.2", RequestedSOPInstanceUID: "1.3", ActionTypeID: 1, HasInformation: true},
			"00000000" + "04000000" + "40000000" + // group length 64
				"00000300" + "04000000" + "312e3200" + // 1.2
				"00000001" + "02000000" + "3001" +
				"00001001" + "02000000" + "0201" +
				"00000008" + "02000000" + "0100" +
				"00000110" + "04000000" + "312e3300" + // 1.3
				"00000810" + "02000000" + "0100"},
		{&dimse.CMoveRSP{MessageID: 7, AffectedSOPClassUID: "1.2", Status: dimse.Pending, SubOperations: dimse.SubOperations{Remaining: 1, Completed: 2, Failed: 3, Warning: 4}},
			"00000000" + "04000000" + "5c000000" + // group length 92
				"00000200" + "04000000" + "312e3200" +
				"00000001" + "02000000" + "2180" +
				"00002001" + "02000000" + "0700" +
				"00000008" + "02000000" + "0101" +
				"00000009" + "02000000" + "00ff" +
				"00002010" + "02000000" + "0100" +
				"00002110" + "02000000" + "0200" +
				"00002210" + "02000000" + "0300" +
				"00002310" + "02000000" + "0400"},
	}
	for _, tt := range tests {
		if got := hex.EncodeToString(encode(t, tt.in)); got != tt.want {
			t.Errorf("%v:\ngot  %s\nwant %s", tt.in.Header().Field, got, tt.want)
		}
	}
}

// PS3.7 §9.3.4.2: the number of remaining sub-operations belongs to pending and
// cancel responses only.
func TestRemainingSubOperations(t *testing.T) {
	t.Parallel()
	n := dimse.SubOperations{Remaining: 5, Completed: 70_000, Failed: -1}
	for s, want := range map[dimse.Status]bool{dimse.Pending: true, dimse.Cancel: true, dimse.Success: false, dimse.UnableToPerformSubOperations: false} {
		c := &dimse.CGetRSP{Status: s, SubOperations: n}
		if got := c.Elements().Has(dataset.TagNumberOfRemainingSuboperations); got != want {
			t.Errorf("%v: remaining present = %v", s, got)
		}
		completed, _ := c.Elements().Uint16(dataset.TagNumberOfCompletedSuboperations)
		failed, _ := c.Elements().Uint16(dataset.TagNumberOfFailedSuboperations)
		if completed != 65535 || failed != 0 {
			t.Errorf("%v: counters do not saturate: %d, %d", s, completed, failed)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	good := encode(t, commands()[2])
	edit := func(at int, v ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], v)
		return b
	}
	without := func(tag dataset.Tag) []byte {
		var b bytes.Buffer
		var ds dataset.Dataset
		for _, e := range commands()[2].Elements() {
			if e.Tag != tag {
				ds = append(ds, e)
			}
		}
		implicit, _ := dataset.LookupTransferSyntax(dataset.ImplicitVRLittleEndian)
		if err := dataset.Encode(&b, implicit, ds); err != nil {
			t.Fatal(err)
		}
		return append([]byte{0, 0, 0, 0, 4, 0, 0, 0, byte(b.Len()), 0, 0, 0}, b.Bytes()...)
	}
	tests := []struct {
		name string
		in   []byte
	}{
		{"empty", nil},
		{"group length short", edit(8, 1)},
		{"group length long", edit(8, 0xFF)},
		{"other group", edit(12, 8)},
		{"huge element", edit(16, 0xFF, 0xFF, 0xFF, 0x7F)},
		{"undefined length", edit(16, 0xFF, 0xFF, 0xFF, 0xFF)},
		{"over 64 KiB", make([]byte, dimse.MaxCommandBytes+1)},
		{"no field", without(dataset.TagCommandField)},
		{"no message id", without(dataset.TagMessageID)},
		{"no data set type", without(dataset.TagCommandDataSetType)},
	}
	for _, tt := range tests {
		if c, err := dimse.Decode(tt.in); !errors.Is(err, dimse.ErrCommand) {
			t.Errorf("%s: %v, %v; want ErrCommand", tt.name, c, err)
		}
	}
	for n := range good {
		if _, err := dimse.Decode(good[:n]); err == nil {
			t.Errorf("%d of %d bytes decode", n, len(good))
		}
	}
	if _, err := dimse.Decode(without(dataset.TagPriority)); err != nil {
		t.Errorf("a missing priority is tolerated, got %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	field := func(f dimse.Field, kind int64, more ...dataset.Element) dimse.Command {
		h := dimse.Header{Field: f, MessageID: 9, HasDataset: kind != 0x0101}
		c, err := dimse.Decode(encode(t, dimse.NewOther(h, more...)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	class := dataset.NewText(dataset.TagAffectedSOPClassUID, dataset.CTImageStorage)
	requested := dataset.NewText(dataset.TagRequestedSOPClassUID, dataset.StorageCommitmentPushModel)
	uid := func(s string) dataset.Element { return dataset.NewText(dataset.TagAffectedSOPInstanceUID, s) }
	tests := []struct {
		name string
		in   dimse.Command
		want dimse.Status
	}{
		{"good", field(dimse.FieldCStoreRQ, 1, class, uid("1.2")), dimse.Success},
		{"no data set", field(dimse.FieldCStoreRQ, 0x0101, class, uid("1.2")), dimse.MistypedArgument},
		{"no class", field(dimse.FieldCStoreRQ, 1, uid("1.2")), dimse.NoSuchSOPClass},
		{"no instance", field(dimse.FieldCStoreRQ, 1, class), dimse.InvalidSOPInstance},
		{"path as instance", field(dimse.FieldCStoreRQ, 1, class, uid("../etc")), dimse.InvalidSOPInstance},
		{"dots as instance", field(dimse.FieldCStoreRQ, 1, class, uid("..")), dimse.InvalidSOPInstance},
		{"echo of CT", field(dimse.FieldCEchoRQ, 0x0101, class), dimse.NoSuchSOPClass},
		{"echo with data set", field(dimse.FieldCEchoRQ, 1), dimse.MistypedArgument},
		{"find", field(dimse.FieldCFindRQ, 1, class), dimse.Success},
		{"find without identifier", field(dimse.FieldCFindRQ, 0x0101, class), dimse.MistypedArgument},
		{"find without class", field(dimse.FieldCFindRQ, 1), dimse.NoSuchSOPClass},
		{"get without identifier", field(dimse.FieldCGetRQ, 0x0101, class), dimse.MistypedArgument},
		{"get", field(dimse.FieldCGetRQ, 1, class), dimse.Success},
		{"move", field(dimse.FieldCMoveRQ, 1, class, dataset.NewText(dataset.TagMoveDestination, "HERE")), dimse.Success},
		{"move to nowhere", field(dimse.FieldCMoveRQ, 1, class), dimse.MoveDestinationUnknown},
		{"move to a control character", field(dimse.FieldCMoveRQ, 1, class, dataset.NewText(dataset.TagMoveDestination, "A\nB")), dimse.MoveDestinationUnknown},
		{"move without class", field(dimse.FieldCMoveRQ, 1), dimse.NoSuchSOPClass},
		{"cancel", field(dimse.FieldCCancelRQ, 0x0101), dimse.Success},
		{"cancel with data set", field(dimse.FieldCCancelRQ, 1), dimse.MistypedArgument},
		{"event", field(dimse.FieldNEventReportRQ, 0x0101, class, uid("1.2"), dataset.NewInt(dataset.TagEventTypeID, 1)), dimse.Success},
		{"event without type", field(dimse.FieldNEventReportRQ, 1, class, uid("1.2")), dimse.MistypedArgument},
		{"event of no instance", field(dimse.FieldNEventReportRQ, 1, class, dataset.NewInt(dataset.TagEventTypeID, 1)), dimse.InvalidSOPInstance},
		{"action with the affected UIDs", field(dimse.FieldNActionRQ, 1, class, uid("1.2"), dataset.NewInt(dataset.TagActionTypeID, 1)), dimse.NoSuchSOPClass},
		{"action", field(dimse.FieldNActionRQ, 1, requested, dataset.NewText(dataset.TagRequestedSOPInstanceUID, "1.2"), dataset.NewInt(dataset.TagActionTypeID, 1)), dimse.Success},
		{"action without type", field(dimse.FieldNActionRQ, 1, requested, dataset.NewText(dataset.TagRequestedSOPInstanceUID, "1.2")), dimse.MistypedArgument},
		{"create", field(dimse.FieldNCreateRQ, 1, class, uid("1.2")), dimse.Success},
		{"create, UID left to the SCP", field(dimse.FieldNCreateRQ, 1, class), dimse.Success},
		{"create of a path", field(dimse.FieldNCreateRQ, 1, class, uid("../x")), dimse.InvalidSOPInstance},
		{"create without class", field(dimse.FieldNCreateRQ, 1, uid("1.2")), dimse.NoSuchSOPClass},
	}
	for _, tt := range tests {
		if got := tt.in.(interface{ Check() dimse.Status }).Check(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	find := dimse.NewOther(dimse.Header{Field: dimse.FieldCFindRQ, MessageID: 5, HasDataset: true},
		dataset.NewText(dataset.TagAffectedSOPClassUID, dataset.StudyRootQueryFind))
	rsp, ok := dimse.Refusal(find, dimse.UnrecognizedOperation)
	if !ok {
		t.Fatal("a C-FIND-RQ cannot be refused")
	}
	got, err := dimse.Decode(encode(t, rsp))
	if err != nil {
		t.Fatal(err)
	}
	if h := got.Header(); h != (dimse.Header{Field: dimse.FieldCFindRSP, MessageID: 5}) {
		t.Errorf("header = %+v", h)
	}
	if s, ok := got.Elements().Uint16(dataset.TagStatus); !ok || s != 0x0211 {
		t.Errorf("status = %04X, %v", s, ok)
	}
	for _, f := range []dimse.Field{dimse.FieldCStoreRSP, dimse.FieldCCancelRQ} {
		if _, ok := dimse.Refusal(dimse.NewOther(dimse.Header{Field: f}), dimse.UnrecognizedOperation); ok {
			t.Errorf("%v can be refused", f)
		}
	}
}

func TestErrorComment(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"disk full", "disk full"},
		{strings.Repeat("x", 65), strings.Repeat("x", 64)},
		{"a\\b", ""}, {"a\nb", ""}, {"ü", ""},
	}
	for _, tt := range tests {
		got, err := dimse.Decode(encode(t, &dimse.CStoreRSP{ErrorComment: tt.in, Status: dimse.ProcessingFailure}))
		if err != nil || got.(*dimse.CStoreRSP).ErrorComment != tt.want {
			t.Errorf("%q: got %+v, %v", tt.in, got, err)
		}
	}
}

func TestStatusClass(t *testing.T) {
	t.Parallel()
	for s, want := range map[dimse.Status]dimse.Class{
		0x0000: dimse.ClassSuccess, 0x0001: dimse.ClassWarning, 0x0107: dimse.ClassWarning, 0xB000: dimse.ClassWarning,
		0xBFFF: dimse.ClassWarning, 0xFF00: dimse.ClassPending, 0xFF01: dimse.ClassPending, 0xFE00: dimse.ClassCancel,
		0xA700: dimse.ClassFailure, 0xC123: dimse.ClassFailure, 0x0122: dimse.ClassFailure, 0x4242: dimse.ClassFailure,
	} {
		if got := s.Class(); got != want {
			t.Errorf("%v: class %d, want %d", s, got, want)
		}
	}
}

func FuzzDIMSECommand(f *testing.F) {
	for _, c := range commands() {
		f.Add(encode(f, c))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := dimse.Decode(b)
		if err != nil {
			return
		}
		again, err := dimse.Append(nil, c)
		if err != nil {
			t.Fatalf("%v does not encode: %v", c.Header().Field, err)
		}
		got, err := dimse.Decode(again)
		if err != nil || got.Header() != c.Header() {
			t.Fatalf("round trip: %+v, %v; want %+v", got, err, c)
		}
	})
}

func ExampleDecode() {
	wire, err := dimse.Append(nil, &dimse.CStoreRSP{MessageID: 7, Status: dimse.OutOfResources})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := dimse.Decode(wire)
	if err != nil {
		fmt.Println(err)
		return
	}
	rsp := c.(*dimse.CStoreRSP)
	fmt.Println(rsp.Header().Field, rsp.Status, rsp.Status.Class() == dimse.ClassFailure)
	// Output: C-STORE-RSP A700H out of resources true
}
