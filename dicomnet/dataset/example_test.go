package dataset_test

import (
	"bytes"
	"fmt"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

func ExampleReadPart10() {
	var file bytes.Buffer
	err := dataset.EncodePart10(&file, dataset.Meta{
		TransferSyntaxUID:      dataset.ExplicitVRLittleEndian,
		SOPClassUID:            dataset.CTImageStorage,
		SOPInstanceUID:         "2.25.1",
		ImplementationClassUID: "2.25.2",
	}, dataset.Dataset{
		dataset.NewText(dataset.TagSOPInstanceUID, "2.25.1"),
		dataset.NewText(dataset.TagModality, "CT"),
		dataset.NewFloat(dataset.TagPixelSpacing, 0.35, 0.35),
		dataset.NewInt(dataset.TagRows, 1),
		dataset.NewBytes(dataset.TagPixelData, dataset.OW, []byte{0, 4}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	meta, r, err := dataset.ReadPart10(&file, dataset.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	header, pixels, err := r.ReadHeader()
	if err != nil {
		fmt.Println(err)
		return
	}
	modality, _ := header.String(dataset.TagModality)
	spacing, _ := header.Floats(dataset.TagPixelSpacing)
	fmt.Println(meta.TransferSyntaxUID, modality, spacing, pixels.Length)
	// Output: 1.2.840.10008.1.2.1 CT [0.35 0.35] 2
}
