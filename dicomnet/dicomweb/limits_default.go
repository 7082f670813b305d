package dicomweb

// DefaultLimits are what a zero [Limits] means.
func DefaultLimits() Limits { return Limits{}.withDefaults() }
