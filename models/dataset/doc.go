// Package dataset writes training tensors: the core of `neckfrac dataset prepare`.
//
//	DIR/<id>/{dicom, labels.nii.gz, fracture.nii.gz, truth.json} → Prepare → OUT/segment.* crops.* slices.* dataset.json
//
// Tensors are cut by models/input from what the segmenter found and models/level
// named, as in the service: a classifier is trained on the masks it will be given.
// The truth says what is broken; a level that the segmenter misnames keeps the truth
// of the bone at that place.
//
// # Guarantees
//
// The order of studies and every byte depend on the inputs, the specs and the
// segmenter alone, not on the number of workers. A run that was stopped goes on after
// the last study it had written (progress.jsonl); one with other inputs or specs in
// the same folder is refused as a Conflict. dataset.json is written last, by rename,
// with a digest over all files: without it a set is not finished.
//
// # Limits
//
// truth.json up to 4 MiB, 200,000 studies. Memory holds one study per worker.
//
// # Not here
//
// No DICOM reading (the caller gives a reader of volumes), no network (the caller
// gives the Segmenter), no augmentation, no training.
package dataset
