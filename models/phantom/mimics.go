package phantom

// addMimics adds look-alikes of fractures.
func addMimics(s *scene, r random) {}
