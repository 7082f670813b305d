package dataset_test

import (
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Forms that other writers use and this package's writer does not.
func TestForeignForms(t *testing.T) {
	t.Parallel()
	const (
		item    = "\xFE\xFF\x00\xE0"
		endItem = "\xFE\xFF\x0D\xE0\x00\x00\x00\x00"
		endSeq  = "\xFE\xFF\xDD\xE0\x00\x00\x00\x00"
	)
	tests := []struct {
		name, uid, in string
		check         func(dataset.Dataset) bool
	}{
		{"undefined length sequence and item", dataset.ExplicitVRLittleEndian,
			"\x40\x00\x30\xA7SQ\x00\x00\xFF\xFF\xFF\xFF" + item + "\xFF\xFF\xFF\xFF\x08\x00\x00\x01SH\x02\x00C5" + endItem + endSeq,
			func(ds dataset.Dataset) bool {
				it, _ := ds.Item(dataset.TagContentSequence)
				v, ok := it.String(dataset.TagCodeValue)
				return ok && v == "C5"
			}},
		{"UN of undefined length is implicit", dataset.ExplicitVRLittleEndian,
			"\x09\x00\x10\x10UN\x00\x00\xFF\xFF\xFF\xFF" + item + "\x0A\x00\x00\x00\x08\x00\x00\x01\x02\x00\x00\x00C5" + endSeq,
			func(ds dataset.Dataset) bool {
				it, _ := ds.Item(0x00091010)
				v, ok := it.String(dataset.TagCodeValue)
				return ok && v == "C5"
			}},
		{"unknown sequence in implicit", dataset.ImplicitVRLittleEndian,
			"\x09\x00\x10\x10\xFF\xFF\xFF\xFF" + item + "\x00\x00\x00\x00" + endSeq,
			func(ds dataset.Dataset) bool { it, ok := ds.Items(0x00091010); return ok && len(it) == 1 }},
		{"group length is read and lies", dataset.ImplicitVRLittleEndian,
			"\x08\x00\x00\x00\x04\x00\x00\x00\xFF\xFF\x00\x00\x08\x00\x60\x00\x02\x00\x00\x00CT",
			func(ds dataset.Dataset) bool {
				v, _ := ds.String(dataset.TagModality)
				return v == "CT" && len(ds) == 2
			}},
		{"private creator", dataset.ImplicitVRLittleEndian,
			"\x09\x00\x10\x00\x04\x00\x00\x00ACME",
			func(ds dataset.Dataset) bool { v, _ := ds.String(0x00090010); return v == "ACME" }},
		{"odd length", dataset.ExplicitVRLittleEndian,
			"\x08\x00\x60\x00CS\x03\x00CT ",
			func(ds dataset.Dataset) bool { v, _ := ds.String(dataset.TagModality); return v == "CT" }},
		{"known text as UN", dataset.ExplicitVRLittleEndian,
			"\x08\x00\x60\x00UN\x00\x00\x02\x00\x00\x00CT",
			func(ds dataset.Dataset) bool { v, _ := ds.String(dataset.TagModality); return v == "CT" }},
		{"unknown future VR", dataset.ExplicitVRLittleEndian,
			"\x08\x00\xF0\xF0ZZ\x00\x00\x02\x00\x00\x00ab\x08\x00\x60\x00CS\x02\x00CT",
			func(ds dataset.Dataset) bool { v, _ := ds.String(dataset.TagModality); return v == "CT" }},
		{"big endian", dataset.ExplicitVRBigEndian,
			"\x00\x28\x00\x10US\x00\x02\x02\x00\x00\x28\x00\x30DS\x00\x04" + `1\1 ` + "\x7F\xE0\x00\x10OW\x00\x00\x00\x00\x00\x02\x01\x02",
			func(ds dataset.Dataset) bool {
				rows, ok := ds.Uint16(dataset.TagRows)
				px, _ := ds.Bytes(dataset.TagPixelData)
				return ok && rows == 512 && string(px) == "\x02\x01"
			}},
		{"encapsulated icon", dataset.JPEG2000Lossless,
			"\x88\x00\x00\x02SQ\x00\x00\xFF\xFF\xFF\xFF" + item + "\xFF\xFF\xFF\xFF\xE0\x7F\x10\x00OB\x00\x00\xFF\xFF\xFF\xFF" +
				item + "\x00\x00\x00\x00" + item + "\x02\x00\x00\x00ab" + endSeq + endItem + endSeq,
			func(ds dataset.Dataset) bool {
				it, _ := ds.Item(dataset.TagIconImageSequence)
				e, ok := it.Find(dataset.TagPixelData)
				return ok && len(e.Fragments) == 2 && string(e.Fragments[1]) == "ab"
			}},
	}
	for _, tt := range tests {
		ds, err := read(t, tt.uid, []byte(tt.in), dataset.Limits{})
		if err != nil || !tt.check(ds) {
			t.Errorf("%s: got %v, %v", tt.name, ds, err)
		}
	}
}

func TestValidUID(t *testing.T) {
	t.Parallel()
	long := "1.23456789012345678901234567890123456789012345678901234567890123"
	tests := []struct {
		in   string
		want bool
	}{
		{"1.2.840.10008.1.2", true}, {"0.0", true}, {"2.25.0", true}, {long[:64], true}, {long + "4", false},
		{"", false}, {".", false}, {"..", false}, {"1..2", false}, {"1.02", false}, {".1", false}, {"1.", false},
		{"1.a", false}, {"1.2 ", false}, {"1.2\x00", false}, {"/etc/x", false}, {"1.２", false}, {"-1", false},
	}
	for _, tt := range tests {
		if got := dataset.ValidUID(tt.in); got != tt.want {
			t.Errorf("ValidUID(%q) = %v, want %v", tt.in, got, tt.want)
		}
	}
}

func TestValidAETitle(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want bool
	}{
		{"NECKFRAC", true}, {"A B", true}, {"1234567890123456", true}, {"../secret", true},
		{"12345678901234567", false}, {"", false}, {" ", false}, {" A", false}, {`A\B`, false},
		{"A\r\nB", false}, {"A\x1b", false}, {"É", false},
	}
	for _, tt := range tests {
		if got := dataset.ValidAETitle(tt.in); got != tt.want {
			t.Errorf("ValidAETitle(%q) = %v, want %v", tt.in, got, tt.want)
		}
	}
}

func TestDecodeText(t *testing.T) {
	t.Parallel()
	tests := []struct{ set, in, want string }{
		{"ISO_IR 100", "M\xfcller", "Müller"},
		{"ISO_IR 192", "Müller", "Müller"},
		{"ISO_IR 192", "M\xffller", "M\uFFFDller"},
		{"", "M\xfcller", "M\uFFFDller"},
		{"ISO 2022 IR 87", "\x1b$B;3", "\x1b$B;3"},
	}
	for _, tt := range tests {
		if got := dataset.DecodeText(tt.set, tt.in); got != tt.want {
			t.Errorf("DecodeText(%q, %q) = %q, want %q", tt.set, tt.in, got, tt.want)
		}
	}
}
