package volume

import (
	"slices"
	"strings"
)

// scanTells are the attributes that tell scans of one place in one series apart, the
// most telling first, all together last. None is believed by itself: scanners count rotations as
// acquisitions and slices as temporal positions.
var scanTells = []func(*header) string{
	func(h *header) string { return h.temporal },
	func(h *header) string { return h.acquisition },
	func(h *header) string { return h.stackID },
	func(h *header) string { return h.kvp },
	func(h *header) string {
		return strings.Join([]string{h.temporal, h.acquisition, h.stackID, h.kvp}, `\`)
	},
}

// phases takes scans of the same place apart, such as arterial and venous ones in one
// series. An attribute does so only if its parts lie in the same place and each holds
// every place once; else the stack stays whole, and the gate judges its steps.
func (s stack) phases() []stack {
	if !s.first().placed {
		return []stack{s}
	}
	doubled := s.doubled()
	for _, tell := range scanTells {
		parts := s.by(tell)
		// Parts that lie beside each other are pieces of one scan: taken apart, they
		// would hide the gap between them.
		if len(parts) > 1 && whole(parts) && (doubled || interleaved(parts)) {
			return parts
		}
	}
	return []stack{s}
}

// by groups the slices by an attribute.
func (s stack) by(tell func(*header) string) []stack {
	var out []stack
	at := make(map[string]int)
	for i := range s.slices {
		t := tell(&s.slices[i])
		if _, ok := at[t]; !ok {
			at[t] = len(out)
			out = append(out, stack{damaged: s.damaged})
		}
		o := &out[at[t]]
		o.slices = append(o.slices, s.slices[i])
	}
	return out
}

// whole reports whether each part could be a scan.
func whole(parts []stack) bool {
	return !slices.ContainsFunc(parts, func(p stack) bool { return len(p.slices) < minSlices || p.doubled() })
}

// interleaved reports whether each part overlaps another by more than its own step.
func interleaved(parts []stack) bool {
	normal := parts[0].normal()
	for i, p := range parts {
		at := offsets(p.slices, normal)
		other := slices.ContainsFunc(slices.Concat(parts[:i], parts[i+1:]), func(q stack) bool {
			to := offsets(q.slices, normal)
			return min(at[len(at)-1], to[len(to)-1])-max(at[0], to[0]) > max(medianStep(at), medianStep(to))
		})
		if !other {
			return false
		}
	}
	return true
}

// doubled reports whether two slices lie at the same place.
func (s stack) doubled() bool {
	at := offsets(s.slices, s.normal())
	for i := 1; i < len(at); i++ {
		if at[i]-at[i-1] < samePlaceMM {
			return true
		}
	}
	return false
}
