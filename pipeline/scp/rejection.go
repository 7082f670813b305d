package scp

import (
	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// readRejection takes the rejection out of a key object selection, nil where its title is
// none of the four (PS3.3 §C.17.6.2, PS3.16 CID 7011). Only references to the note's own
// study count: a sender that may speak of one patient's images can't withdraw another's.
func readRejection(ds dataset.Dataset, study neckfrac.StudyUID) (*neckfrac.Rejection, error) {
	title, ok := ds.Item(dataset.TagConceptNameCodeSequence)
	if !ok || text(title, dataset.TagCodingSchemeDesignator) != "DCM" {
		return nil, nil
	}
	r := &neckfrac.Rejection{Code: neckfrac.RejectionCode(text(title, dataset.TagCodeValue))}
	if !r.Code.Valid() {
		return nil, nil
	}
	studies, _ := ds.Items(dataset.TagCurrentRequestedProcedureEvidenceSequence)
	for _, st := range studies {
		if text(st, dataset.TagStudyInstanceUID) != string(study) {
			continue
		}
		series, _ := st.Items(dataset.TagReferencedSeriesSequence)
		for _, se := range series {
			refs, _ := se.Items(dataset.TagReferencedSOPSequence)
			if len(r.Instances)+len(refs) > neckfrac.MaxRejected {
				return nil, neckfrac.Wrap(neckfrac.Invalid, "rejection note: references", dataset.ErrLimit)
			}
			for _, ref := range refs {
				uid, err := neckfrac.ParseInstanceUID(text(ref, dataset.TagReferencedSOPInstanceUID))
				if err != nil {
					return nil, neckfrac.E("rejection note: reference", err)
				}
				r.Instances = append(r.Instances, uid)
			}
		}
	}
	return r, nil
}
