package scp

import (
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// syntaxNames are the words of dicom.transfer_syntaxes, in our order of preference:
// what costs no decoder first, then by how common and how fast the decoders are.
var syntaxNames = []struct {
	name string
	uids []string
}{
	{"explicit-le", []string{dataset.ExplicitVRLittleEndian}},
	{"implicit-le", []string{dataset.ImplicitVRLittleEndian}},
	{"jpeg-lossless-sv1", []string{dataset.JPEGLosslessSV1}},
	{"jpeg2000-lossless", []string{dataset.JPEG2000Lossless}},
	{"jpeg-ls-lossless", []string{dataset.JPEGLSLossless}},
	{"rle", []string{dataset.RLELossless}},
	{"jpeg-lossless", []string{dataset.JPEGLossless}},
	{"htj2k-lossless", []string{dataset.HTJ2KLossless, dataset.HTJ2KLosslessRPCL}},
	{"deflated", []string{dataset.DeflatedExplicitVRLittleEndian}},
	{"explicit-be", []string{dataset.ExplicitVRBigEndian}},
	{"jpeg-baseline", []string{dataset.JPEGBaseline8Bit}},
	{"jpeg-extended", []string{dataset.JPEGExtended12Bit}},
	{"jpeg-ls-near-lossless", []string{dataset.JPEGLSNearLossless}},
	{"jpeg2000", []string{dataset.JPEG2000}},
	{"htj2k", []string{dataset.HTJ2K}},
}

// native are the syntaxes without a codec, which this program can always read.
var native = []string{dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian, dataset.DeflatedExplicitVRLittleEndian, dataset.ExplicitVRBigEndian}

// AllSyntaxes is the word for every syntax without loss that a worker can decode.
const AllSyntaxes = "all"

// TransferSyntaxes turns the configured words into UIDs in our order of preference. No
// word means all; decodable is what workers report. A syntax that is named is accepted
// whether a worker decodes it or not, and a lossy one only then.
func TransferSyntaxes(names, decodable []string) ([]string, error) {
	if len(names) == 0 {
		names = []string{AllSyntaxes}
	}
	chosen := map[string]bool{}
	for _, name := range names {
		if name == AllSyntaxes {
			for _, uid := range append(slices.Clone(native), decodable...) {
				if ts, ok := dataset.LookupTransferSyntax(uid); ok && !ts.Lossy {
					chosen[uid] = true
				}
			}
			continue
		}
		i := slices.IndexFunc(syntaxNames, func(s struct {
			name string
			uids []string
		}) bool {
			return s.name == name
		})
		if i < 0 {
			return nil, neckfrac.Errorf(neckfrac.Invalid, "transfer syntaxes", "%q is not one of all%s", name, syntaxWords())
		}
		for _, uid := range syntaxNames[i].uids {
			chosen[uid] = true
		}
	}
	var out []string
	for _, s := range syntaxNames {
		for _, uid := range s.uids {
			if chosen[uid] {
				out = append(out, uid)
			}
		}
	}
	return out, nil
}

func syntaxWords() string {
	var b string
	for _, s := range syntaxNames {
		b += ", " + s.name
	}
	return b
}
