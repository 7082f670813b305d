// Package input turns a CT volume into the tensors of the networks. It is the only
// preprocessing in the project: the service and `neckfrac dataset prepare` call the
// same functions, so a network is never served what it was not trained on.
//
//	Volume → Stack → Field (isotropic) → sagittal slices → segmenter → labels → Regions
//	           └──────────── crops per vertebra, axial slices on the spine ←────┘
//
// # Geometry
//
// A Stack looks at a volume through the patient's axes: x to the patient's left, y
// to posterior, z from head to foot. A volume that is tilted against these axes is
// resampled once; every other one is read in place. Everything is cut in
// millimetres and nothing is stretched. Downsampling averages the area that an
// output pixel covers, so that thin cortical bone does not alias; upsampling is
// linear. What lies outside the volume is air, -1000 HU.
//
// # Guarantees
//
// Volumes are only read. Results depend on the input alone, not on the number of
// goroutines. All numbers come from specs, which a pack's manifest or a data set
// states; FirstForm holds those that a new data set starts with.
//
// # Limits
//
// A volume has at most MaxVoxels voxels and at most 4096 on an axis. A spec is
// checked by its Check method before it sizes a tensor.
//
// # Not here
//
// No pixel decoding (pipeline/volume), no network (models/onnx), no naming of
// levels (models/level), no threshold.
package input
