package nifti

// Limits bounds what Read accepts. A zero field takes its default.
type Limits struct {
	// MaxVoxels bounds a volume. Defaults to 512 x 512 x 1024, of which float32 values
	// take 1 GiB.
	MaxVoxels int64
	// MaxSide bounds one dimension. Defaults to 2048.
	MaxSide int
	// MaxOffset bounds the bytes before the voxels, which are skipped. Defaults to 1 MiB.
	MaxOffset int64
}

func (l Limits) filled() Limits {
	if l.MaxVoxels <= 0 {
		l.MaxVoxels = 512 * 512 * 1024
	}
	if l.MaxSide <= 0 {
		l.MaxSide = 2048
	}
	if l.MaxOffset <= 0 {
		l.MaxOffset = 1 << 20
	}
	return l
}
