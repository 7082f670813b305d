package phantom

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"time"

	"github.com/neckfrac/neckfrac"
)

// Issuer is the issuer of the synthetic patients' identifiers (0010,0021). The
// service lets models that were trained on synthetic CT act only for it.
const Issuer = "NECKFRAC-PHANTOM"

// SeriesDescription (0008,103E) marks every instance, as do the patient's name and
// identifier.
const SeriesDescription = "TEST – SYNTHETIC"

// PatientID is the identifier of a seed's patient.
func PatientID(seed uint64) string { return fmt.Sprintf("NF-TEST-%d", seed) }

// names are the identifiers of one acquisition of a study.
type names struct {
	study, series, frame string
	accession            string
	instance             func(k int) string
	// other are the identifiers of a series that is not the main one.
	other func(kind SeriesKind) (series string, instance func(k int) string)
	// event is the identifier of an irradiation event.
	event func(name string) string
}

// newNames derives all identifiers from seed, twin, form and time of acquisition, so
// that a study which is sent again later is a new study.
func newNames(t *Truth, acquired time.Time) names {
	key := fmt.Sprintf("%s %d %t %d", t.Generator, t.Seed, t.Intact, acquired.UnixNano())
	if t.Anatomy != (BuiltIn{}).Name() {
		key += " " + t.Anatomy
	}
	if t.Form != nil {
		key += " " + t.Form.String()
	}
	h := sha256.Sum256([]byte(key + " accession"))
	return names{
		study: deriveUID(key + " study"), series: deriveUID(key + " series"), frame: deriveUID(key + " frame"),
		accession: fmt.Sprintf("NFT%012d", binary.BigEndian.Uint64(h[:])%1_000_000_000_000),
		instance:  func(k int) string { return deriveUID(fmt.Sprintf("%s instance %d", key, k)) },
		event:     func(name string) string { return deriveUID(key + " event " + name) },
		other: func(kind SeriesKind) (string, func(k int) string) {
			return deriveUID(fmt.Sprintf("%s series %s", key, kind)), func(k int) string {
				return deriveUID(fmt.Sprintf("%s series %s instance %d", key, kind, k))
			}
		},
	}
}

// deriveUID is a UID under 2.25 (PS3.5 §B.2) whose UUID is made from a hash: version 8
// of RFC 9562.
func deriveUID(key string) string {
	h := sha256.Sum256([]byte(key))
	u := h[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return "2.25." + new(big.Int).SetBytes(u).String()
}

// name gives a volume the identifiers of the zero acquisition time.
func (t *Study) name() {
	n := newNames(&t.Truth, time.Time{})
	v := &t.Volume
	v.Series, v.FrameOfReference = neckfrac.SeriesUID(n.series), n.frame
	v.Source = make([]neckfrac.InstanceUID, v.Dims[2])
	for k := range v.Source {
		v.Source[k] = neckfrac.InstanceUID(n.instance(k))
	}
}

// imageID is the pair of identifiers that an image has of its own.
type imageID struct{ series, instance string }

// of names an image; a localizer may be told to share the main series.
func (n *names) of(s *series, p plane, shared bool) imageID {
	if s.kind == mainSeries {
		return imageID{n.series, n.instance(p.k)}
	}
	uid, instance := n.other(s.kind)
	if s.kind == Localizer && shared {
		uid = n.series
	}
	return imageID{uid, instance(p.k)}
}
