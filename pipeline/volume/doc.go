// Package volume turns the files of one study into one CT volume in Hounsfield
// units and patient millimetres, or says why it can't.
//
// It runs in the runner, between the open files of a job and the predictors:
//
//	headers → split → candidates → geometry gate → pixels → HU → canonical axes → shear
//
// Clauses: PS3.3 §C.7.6.2 Image Plane (position, orientation, spacing), §C.7.6.3
// Image Pixel, §C.8.2.1 CT Image, §C.11.1.1 rescale to HU; PS3.5 §8.1 native pixels, §A.4 fragments.
//
// Guarantees: the result depends on the set of inputs and not on their order. The
// spacing between slices comes from their positions, never from a tag. Scans that one
// series mixes are told apart or refused, as is a stack with a missing slice, an uneven
// step or unreadable pixels; nothing is guessed, nothing stretched, nothing mixed between
// slices. A tilted gantry is undone by shifting each slice along one axis of its own
// plane, linear between pixels, up to [MaxTiltDegrees]; all other voxels are pixels. A
// volume that is handed out is orthogonal and right-handed with i ≈ left, j ≈ posterior,
// k ≈ head; slices that lean keep their direction cosines. Nothing is allocated from a
// header's number before it was checked against [Limits].
//
// Choice of series: every group of slices becomes a Candidate that [Rules], which are
// data (rules.json), score; unless it is taken it has one fixed sentence why not. Pixels
// are asked only where they can change the order. A candidate that fails the gate is
// passed over only for one that covers nearly the same part of the patient; else the
// study is refused for the better one's fault. [Explain] chooses without a volume.
//
// Reads: CT, Enhanced CT and Legacy Converted Enhanced CT Image Storage. A frame of the
// multi-frame classes gets the data set that it would have as a single frame and then
// goes the same way (PS3.3 §C.7.6.16). Transfer syntaxes: implicit and explicit VR
// little endian, explicit big endian, deflated, and what package pixel decodes; others
// are PixelUnreadable. Pixels are read one frame at a time.
//
// Eligibility: age, contrast, operation, species and test images as headers say them, and,
// once a prediction says where the vertebrae are, metal ([Metal]) and the levels that a
// leaning scan cuts ([Assembled.Cover]).
//
// It does not find vertebrae and writes nothing.
package volume
