package dataset

import "testing"

// The dictionary is typed by hand: what can be checked without PS3.6 is.
func TestDictionary(t *testing.T) {
	t.Parallel()
	keywords := map[string]Tag{}
	for tag, e := range dict {
		if other, dup := keywords[e.keyword]; dup {
			t.Errorf("%v and %v share keyword %s", tag, other, e.keyword)
		}
		keywords[e.keyword] = tag
		if !wellFormedVR([]byte(e.vr)) {
			t.Errorf("%v: VR %q", tag, e.vr)
		}
		if tag.Private() {
			t.Errorf("%v: private tag in the dictionary", tag)
		}
		if seq := len(e.keyword) > 8 && e.keyword[len(e.keyword)-8:] == "Sequence"; seq != (e.vr == SQ) {
			t.Errorf("%v %s: VR %s", tag, e.keyword, e.vr)
		}
	}
	if got := LookupVR(0x00090010); got != LO {
		t.Errorf("private creator: %s", got)
	}
	if got := LookupVR(0x00080000); got != UL {
		t.Errorf("group length: %s", got)
	}
	if got := LookupVR(0x00091001); got != UN {
		t.Errorf("private element: %s", got)
	}
	if got := Tag(0x00100020).String(); got != "(0010,0020)" {
		t.Errorf("tag prints as %s", got)
	}
}

func TestLookupKeyword(t *testing.T) {
	t.Parallel()
	for keyword, want := range map[string]Tag{"PatientID": TagPatientID, "PixelData": TagPixelData} {
		if got, ok := LookupKeyword(keyword); !ok || got != want {
			t.Errorf("%s: got %v, %v, want %v", keyword, got, ok, want)
		}
	}
	if _, ok := LookupKeyword("patientid"); ok {
		t.Error("a keyword of another case was found")
	}
}
