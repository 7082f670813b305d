package main

import (
	"context"
	"os"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// openInputs opens the CT files below paths as the runner sees them. The caller closes
// the files, also on error.
func openInputs(paths []string) (inputs []volume.Input, files []*os.File, err error) {
	found, err := findDICOM(paths)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range found {
		switch d.meta.SOPClassUID {
		case dataset.CTImageStorage, dataset.EnhancedCTImageStorage, dataset.LegacyConvertedEnhancedCTImageStorage:
		default:
			continue
		}
		f, err := os.Open(d.path)
		if err != nil {
			return inputs, files, neckfrac.Wrap(neckfrac.NotFound, "read", err)
		}
		files = append(files, f)
		st, err := f.Stat()
		if err != nil {
			return inputs, files, neckfrac.Wrap(neckfrac.Unavailable, "read", err)
		}
		ds, err := readHeader(f)
		if err != nil {
			return inputs, files, neckfrac.Errorf(neckfrac.Invalid, "read", "%s: header can't be read", d.path)
		}
		series, _ := ds.UID(dataset.TagSeriesInstanceUID)
		inputs = append(inputs, volume.Input{Series: neckfrac.SeriesUID(series), Instance: neckfrac.InstanceUID(d.meta.SOPInstanceUID), File: f, Size: st.Size()})
	}
	return inputs, files, nil
}

// readHeader reads the data set before the pixels.
func readHeader(f *os.File) (dataset.Dataset, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	_, r, err := dataset.ReadPart10(ioSection(f, st.Size()), dataset.Limits{})
	if err != nil {
		return nil, err
	}
	ds, _, err := r.ReadHeader()
	return ds, err
}

// readVolume assembles the volume below a folder.
func readVolume(ctx context.Context, dir string) (*neckfrac.Volume, error) {
	a, err := assemble(ctx, dir)
	return a.Volume, err
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
