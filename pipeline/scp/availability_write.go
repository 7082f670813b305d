package scp

import (
	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// AvailabilityNotification is the attribute list of a notification that source has the
// instances online (PS3.4 Table R.3.2-1); series keep the order of their first instance.
func AvailabilityNotification(source neckfrac.AETitle, study neckfrac.StudyUID, instances []neckfrac.AnnouncedInstance) dataset.Dataset {
	var order []neckfrac.SeriesUID
	refs := map[neckfrac.SeriesUID][]dataset.Dataset{}
	for _, in := range instances {
		if refs[in.Series] == nil {
			order = append(order, in.Series)
		}
		refs[in.Series] = append(refs[in.Series], dataset.Dataset{
			dataset.NewText(dataset.TagRetrieveAETitle, string(source)),
			dataset.NewText(dataset.TagInstanceAvailability, "ONLINE"),
			dataset.NewText(dataset.TagReferencedSOPClassUID, in.SOPClassUID),
			dataset.NewText(dataset.TagReferencedSOPInstanceUID, string(in.UID)),
		})
	}
	var series []dataset.Dataset
	for _, s := range order {
		// PS3.5 §7.1: ascending tags, (0008,1199) before (0020,000E).
		series = append(series, dataset.Dataset{
			dataset.NewSequence(dataset.TagReferencedSOPSequence, refs[s]...),
			dataset.NewText(dataset.TagSeriesInstanceUID, string(s)),
		})
	}
	return dataset.Dataset{
		dataset.NewSequence(dataset.TagReferencedPerformedProcedureStepSequence),
		dataset.NewSequence(dataset.TagReferencedSeriesSequence, series...),
		dataset.NewText(dataset.TagStudyInstanceUID, string(study)),
	}
}
