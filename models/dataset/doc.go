// Package dataset writes training tensors: the core of `neckfrac dataset prepare`.
//
//	phantom  DIR/<id>/{dicom, labels.nii.gz, fracture.nii.gz, truth.json}              ┐
//	rsna     DIR/{train.csv, train_images, segmentations, train_bounding_boxes.csv}    ├ Prepare → OUT/segment.* crops.* slices.* dataset.json
//	nifti    DIR/<id>_ct.nii.gz, <id>_labels.nii.gz: the segment part alone            ┘
//
// Tensors are cut by models/input from what the segmenter found and models/level
// named, as in the service: a classifier is trained on the masks it will be given.
// The truth says what is broken; a level that the segmenter misnames keeps the truth
// of the bone at that place. What nobody knows stays unknown: labels of a study
// without a mask, the place of a fracture without a box. Without a mask the segmenter's
// names count; where their order is in doubt the study is left out.
//
// # Guarantees
//
// The order of studies and every byte depend on the inputs, the specs and the
// segmenter alone, not on the number of workers. A run that was stopped goes on after
// the last study it had written (progress.jsonl); one with other inputs or specs in
// the same folder is refused as a Conflict. dataset.json is written last, by rename,
// with a digest over all files: without it a set is not finished. Labels lie where both
// files' placement puts them, upright or leaning; those that miss the bones are not used.
//
// # Limits
//
// truth.json up to 4 MiB, a table up to 64 MiB, 200,000 studies, 2,000 boxes a study.
// Memory holds one study per worker; on disk a study takes 5 to 30 MB for the segment
// part and 11 MB for crops and slices.
//
// # Not here
//
// No DICOM reading (the caller gives a reader of volumes), no network (the caller
// gives the Segmenter), no augmentation, no training.
package dataset
