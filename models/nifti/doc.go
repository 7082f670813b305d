// Package nifti reads and writes NIfTI-1 single files (.nii, .nii.gz) of one volume
// with every size bounded, for data sets, evaluation and synthetic studies.
//
// NIfTI speaks of RAS (+x right, +y front), the project of LPS (+x left, +y back):
// Read and Write turn between the two, so that a neckfrac.Grid always is LPS. The
// placement is the sform when its code is set, else the qform, else the spacing
// alone with axes as NIfTI's method 1 has them.
//
// Guarantees: no panic on any input; nothing is allocated from a header's number
// before it was checked against Limits; a compressed stream is read no further than
// the volume it announced. Volumes come back in the order of the file; direction
// vectors are the file's, orthogonal within a tolerance, and may be left-handed.
//
// Types: uint8, int16, uint16, int32, float32 and float64 are read, scaled by
// scl_slope and scl_inter; uint8, int16 and float32 are written, little endian.
//
// It does not read NIfTI-2, file pairs, more than one volume, RGB, or extensions,
// and it is not for the service: DICOM is what comes in there.
package nifti
