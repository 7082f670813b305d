package pdu_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// negotiating is a request with every sub-item.
func negotiating() *pdu.AssociateRQ {
	return &pdu.AssociateRQ{UserInformation: pdu.UserInformation{
		MaximumLength: 16384, ImplementationClassUID: "1.2.34", ImplementationVersionName: "V",
		AsyncOperationsWindow: &pdu.AsyncOperationsWindow{Invoked: 5},
		RoleSelections:        []pdu.RoleSelection{{SOPClassUID: "1.2", SCU: true, SCP: true}},
		Extended:              []pdu.ExtendedNegotiation{{SOPClassUID: "1.2.3", Information: []byte{1, 0, 1}}},
		CommonExtended: []pdu.CommonExtendedNegotiation{{SOPClassUID: "1.2.3", ServiceClassUID: "1.2.4", RelatedGeneralSOPClassUID: []string{"1.5", "1.6"}},
			{SOPClassUID: "1.2.5", ServiceClassUID: "1.2.4"}},
		UserIdentity: &pdu.UserIdentity{Type: pdu.UserIdentityPasscode, PositiveResponseRequested: true, Primary: []byte("nurse"), Secondary: []byte("hunter2")},
		Opaque:       []pdu.SubItem{{Type: 0x60, Value: []byte{7}}},
	}}
}

func TestSubItemsRoundTrip(t *testing.T) {
	t.Parallel()
	want := negotiating()
	if got, err := next(encode(t, want), pdu.Limits{}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got.(*pdu.AssociateRQ).UserInformation, err)
	}
	ac := &pdu.AssociateAC{UserInformation: pdu.UserInformation{UserIdentityResponse: &pdu.UserIdentityResponse{Response: []byte("ticket")}}}
	if got, err := next(encode(t, ac), pdu.Limits{}); err != nil || !reflect.DeepEqual(got, ac) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// The sub-items written out by hand from PS3.7 Annex D.3.3.
func TestSubItemBytes(t *testing.T) {
	t.Parallel()
	b := encode(t, negotiating())
	for name, want := range map[string]string{
		"asynchronous operations window": "53000004" + "0005" + "0000",
		"role selection":                 "54000007" + "0003312e32" + "01" + "01",
		"extended negotiation":           "5600000a" + "0005312e322e33" + "010001",
		"common extended negotiation":    "5700001a" + "0005312e322e33" + "0005312e322e34" + "000a" + "0003312e35" + "0003312e36",
		"user identity":                  "58000012" + "02" + "01" + "0005" + hex.EncodeToString([]byte("nurse")) + "0007" + hex.EncodeToString([]byte("hunter2")),
	} {
		if !strings.Contains(hex.EncodeToString(b), want) {
			t.Errorf("%s: %s is not in\n%x", name, want, b)
		}
	}
	ac := encode(t, &pdu.AssociateAC{UserInformation: pdu.UserInformation{UserIdentityResponse: &pdu.UserIdentityResponse{}}})
	if !bytes.HasSuffix(ac, []byte{0x59, 0, 0, 2, 0, 0}) {
		t.Errorf("user identity response: % x", ac)
	}
}

// userInformation is a request with the given sub-items.
func userInformation(items ...string) []byte {
	value := strings.Join(items, "")
	b := append(make([]byte, 74), 0x50, 0, byte(len(value)>>8), byte(len(value)))
	b = append(b, value...)
	n := len(b) - 6
	b[0], b[3], b[4], b[5] = 1, byte(n>>16), byte(n>>8), byte(n)
	return b
}

func TestMalformedSubItems(t *testing.T) {
	t.Parallel()
	related := func(n int) string {
		list := strings.Repeat("\x00\x011", n)
		value := "\x00\x011\x00\x011" + string([]byte{byte(len(list) >> 8), byte(len(list))}) + list
		return "\x57\x00" + string([]byte{byte(len(value) >> 8), byte(len(value))}) + value
	}
	identity := "\x58\x00\x00\x08\x01\x00\x00\x02me\x00\x00"
	tests := []struct {
		name string
		in   []byte
		ok   bool
	}{
		{"async window of 3 bytes", userInformation("\x53\x00\x00\x03\x00\x01\x00"), false},
		{"role without flags", userInformation("\x54\x00\x00\x03\x00\x011"), false},
		{"role with a flag more", userInformation("\x54\x00\x00\x06\x00\x011\x01\x01\x01"), false},
		{"role UID longer than the item", userInformation("\x54\x00\x00\x05\x00\x091\x01\x01"), false},
		{"extended without UID", userInformation("\x56\x00\x00\x01\x00"), false},
		{"extended UID longer than the item", userInformation("\x56\x00\x00\x03\xFF\xFF1"), false},
		{"common extended cut", userInformation("\x57\x00\x00\x03\x00\x011"), false},
		{"common extended without list", userInformation("\x57\x00\x00\x06\x00\x011\x00\x011"), false},
		{"common extended list cut", userInformation("\x57\x00\x00\x09\x00\x011\x00\x011\x00\x05\x00"), false},
		{"related classes at the limit", userInformation(related(256)), true},
		{"related classes over the limit", userInformation(related(257)), false},
		{"identity cut", userInformation("\x58\x00\x00\x01\x01"), false},
		{"identity without secondary field", userInformation("\x58\x00\x00\x06\x01\x00\x00\x02me"), false},
		{"identity longer than the item", userInformation("\x58\x00\x00\x06\x01\x00\xFF\xFFme"), false},
		{"identity with more behind", userInformation("\x58\x00\x00\x09\x01\x00\x00\x02me\x00\x00x"), false},
		{"identity", userInformation(identity), true},
		{"two identities", userInformation(identity, identity), false},
		{"response cut", userInformation("\x59\x00\x00\x01\x00"), false},
		{"response with more behind", userInformation("\x59\x00\x00\x03\x00\x00x"), false},
		{"sub-items at the limit", userInformation(strings.Repeat("\x60\x00\x00\x00", 512)), true},
		{"sub-items over the limit", userInformation(strings.Repeat("\x60\x00\x00\x00", 513)), false},
	}
	for _, tt := range tests {
		var e *pdu.Error
		_, err := next(tt.in, pdu.Limits{})
		if tt.ok != (err == nil) || (err != nil && (!errors.As(err, &e) || e.Reason != pdu.ReasonInvalidParameterValue)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := (&pdu.AssociateRQ{UserInformation: pdu.UserInformation{UserIdentity: &pdu.UserIdentity{Primary: make([]byte, 1<<16)}}}).AppendBinary(nil); err == nil {
		t.Error("an identity of 64 KiB encodes")
	}
}

// However an identity is printed, alone or within a unit, its secrets stay in.
func TestUserIdentityIsRedacted(t *testing.T) {
	t.Parallel()
	rq := negotiating()
	u := rq.UserInformation.UserIdentity
	r := pdu.UserIdentityResponse{Response: []byte("hunter2")}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		for _, v := range []any{u, *u, rq, *rq, rq.UserInformation, []any{*u}, r, &r} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	js := slog.New(slog.NewJSONHandler(&out, nil))
	text := slog.New(slog.NewTextHandler(&out, nil))
	for _, l := range []*slog.Logger{js, text} {
		l.Info("x", "identity", u, "value", *u, "rq", rq, "response", r)
	}
	if err := json.NewEncoder(&out).Encode(rq); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"nurse", "hunter2", fmt.Sprintf("%x", "hunter2"), "[104 117", "0x68, 0x75", "aHVudGVyMg"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q in\n%s", secret, out.String())
		}
	}
	if got := u.String(); got != "username and passcode (redacted)" {
		t.Errorf("String() = %q", got)
	}
}
