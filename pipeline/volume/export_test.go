package volume

import (
	"io"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// LibraryPixels and OffsetPixels are the two ways that the bench compares.
func LibraryPixels(in Input) error {
	h, err := readHeader(in, dataset.Limits{})
	if err != nil {
		return err
	}
	_, err = libraryPixels(h)
	return err
}

func OffsetPixels(in Input) error {
	h, err := readHeader(in, dataset.Limits{})
	if err != nil {
		return err
	}
	px := make([]byte, h.pixels.Length)
	_, err = io.ReadFull(io.NewSectionReader(in.File, h.pixels.Offset, h.pixels.Length), px)
	return err
}
