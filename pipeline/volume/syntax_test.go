package volume_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// TestAssembleOtherSyntaxes covers syntaxes whose pixels do not stand in the file as we
// need them; the same patient must come out.
func TestAssembleOtherSyntaxes(t *testing.T) {
	t.Parallel()
	for uid, encode := range map[string]func(testing.TB, dataset.Dataset) []byte{
		dataset.DeflatedExplicitVRLittleEndian: deflated, dataset.ExplicitVRBigEndian: bigEndian,
	} {
		t.Run(uid, func(t *testing.T) {
			t.Parallel()
			s := neck()
			in := s.files(t)
			for i := range in {
				var b bytes.Buffer
				m := dataset.Meta{TransferSyntaxUID: uid, SOPClassUID: dataset.CTImageStorage,
					SOPInstanceUID: s.instance(i), ImplementationClassUID: "1.2.3.4"}
				if err := dataset.WriteMeta(&b, m); err != nil {
					t.Fatal(err)
				}
				b.Write(encode(t, s.dataset(i)))
				in[i].File, in[i].Size = bytes.NewReader(b.Bytes()), int64(b.Len())
			}
			assembled(t, in)

			cut := in[4]
			b := make([]byte, cut.Size-20)
			if _, err := cut.File.ReadAt(b, 0); err != nil {
				t.Fatal(err)
			}
			in[4].File, in[4].Size = bytes.NewReader(b), int64(len(b))
			err := second(volume.Assemble(t.Context(), in, volume.Limits{}))
			if r, ok := neckfrac.AsRefused(err); !ok || r.Reason != neckfrac.PixelUnreadable {
				t.Fatalf("cut file: %v, want refused pixel-unreadable", err)
			}
		})
	}
}

func deflated(t testing.TB, ds dataset.Dataset) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	explicit, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	if err := dataset.Encode(z, explicit, ds); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bigEndian encodes what scan.dataset makes: text, US and one OW.
func bigEndian(t testing.TB, ds dataset.Dataset) []byte {
	t.Helper()
	var b []byte
	for _, e := range ds {
		value := bytes.Clone(e.Value)
		if len(value)%2 == 1 {
			value = append(value, ' ')
		}
		if e.VR == dataset.US || e.VR == dataset.OW {
			for i := 0; i < len(value); i += 2 {
				value[i], value[i+1] = value[i+1], value[i]
			}
		}
		b = binary.BigEndian.AppendUint16(b, e.Tag.Group())
		b = binary.BigEndian.AppendUint16(b, e.Tag.Element())
		b = append(b, e.VR...)
		if e.VR == dataset.OW {
			b = binary.BigEndian.AppendUint32(append(b, 0, 0), uint32(len(value)))
		} else {
			b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
		}
		b = append(b, value...)
	}
	return b
}

// TestPhases: two scans of the same place in one series are told apart by acquisition;
// without a number they are two different slices at one place.
func TestPhases(t *testing.T) {
	t.Parallel()
	phases := func(second string) []volume.Input {
		a, b := neck(), neck()
		a.extra = texts(dataset.TagAcquisitionNumber, "1")
		b.edit = func(i int, ds dataset.Dataset) dataset.Dataset {
			px, _ := ds.Bytes(dataset.TagPixelData)
			px = bytes.Clone(px)
			px[0] ^= 1
			for _, e := range []dataset.Element{
				dataset.NewBytes(dataset.TagPixelData, dataset.OW, px),
				dataset.NewText(dataset.TagSOPInstanceUID, fmt.Sprintf("1.2.3.1.%d", 500+i)),
				dataset.NewText(dataset.TagAcquisitionNumber, second),
			} {
				ds = ds.Put(e)
			}
			return ds
		}
		in := b.files(t)
		for i := range in {
			in[i].Instance = neckfrac.InstanceUID(fmt.Sprintf("1.2.3.1.%d", 500+i))
		}
		return append(in, a.files(t)...)
	}
	got := assembled(t, phases("2"))
	if c := got.Candidates; len(c) != 2 || c[0].Slices != 12 || c[1].Slices != 12 || c[1].Lost == "" {
		t.Errorf("candidates %+v, want two of 12 slices", c)
	}
	err := second(volume.Assemble(t.Context(), phases("1"), volume.Limits{}))
	if r, ok := neckfrac.AsRefused(err); !ok || r.Reason != neckfrac.Geometry {
		t.Errorf("same number: %v, want refused geometry", err)
	}
}
