package powercut

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// page is the unit in which a kernel writes a file back.
const page = 4096

// Mode is how much of what was not synced a crash keeps.
type Mode int

// The modes. Each is legal for every file system that the model allows; together they
// meet the journalling ones, the unordered ones and the two extremes.
const (
	// KeepNothing forgets whatever was not synced.
	KeepNothing Mode = iota
	// KeepNames keeps all names and no bytes: a rename is there, its data are not.
	KeepNames
	// KeepBytes keeps all bytes and no names: the data are there, their rename is not.
	KeepBytes
	// KeepPrefix keeps names up to a moment, as a journal does, and pages by chance.
	KeepPrefix
	// KeepAny decides for each page and each name.
	KeepAny
	// KeepAll is a cut that came after everything was written back.
	KeepAll
	modes
)

// Modes is the number of modes.
const Modes = int(modes)

// Crash writes one state that a cut could have left to dir, which is made. The state
// follows from the disk, the mode and rng.
func (d *Disk) Crash(dir string, m Mode, rng *rand.Rand) error {
	names := d.survivors(m, rng)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("powercut: %w", err)
	}
	if err := writeTree(dir, d.top, names, m, rng); err != nil {
		return fmt.Errorf("powercut: %w", err)
	}
	return nil
}

// tree are the names of each directory that a crash kept.
type tree map[*node]map[string]*node

// survivors decides which changes of names are kept.
func (d *Disk) survivors(m Mode, rng *rand.Rand) tree {
	names := tree{}
	kept := map[*change]bool{}
	type place struct {
		dir  *node
		name string
	}
	dropped := map[place]bool{} // a later change of a name needs the earlier ones
	forced := map[*change]bool{}
	for _, c := range d.order {
		if c.added != nil && c.durable() {
			forced[c.added] = true // the old name is gone for good, so the new one is there
		}
	}
	horizon := 0
	if len(d.order) > 0 {
		horizon = d.order[rng.IntN(len(d.order))].end
	}
	for _, c := range d.order {
		at := place{c.dir, c.name}
		keep := c.durable() || forced[c]
		if !keep && !dropped[at] && (c.added == nil || kept[c.added]) {
			switch m {
			case KeepNames, KeepAll:
				keep = true
			case KeepPrefix:
				keep = c.end <= horizon
			case KeepAny:
				keep = rng.IntN(2) == 0
			}
		}
		if !keep {
			dropped[at] = true
			continue
		}
		kept[c] = true
		if names[c.dir] == nil {
			names[c.dir] = map[string]*node{}
		}
		if c.to == nil {
			delete(names[c.dir], c.name)
		} else {
			names[c.dir][c.name] = c.to
		}
	}
	return names
}

func writeTree(at string, n *node, names tree, m Mode, rng *rand.Rand) error {
	for _, name := range sorted(names[n]) {
		to, p := names[n][name], filepath.Join(at, name)
		if strings.HasSuffix(name, "-shm") {
			continue // a mapped file: nothing of it is promised, and SQLite makes it anew
		}
		if !to.dir {
			if err := os.WriteFile(p, to.survivor(m, rng), 0o640); err != nil {
				return err
			}
			continue
		}
		if err := os.Mkdir(p, 0o750); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		if err := writeTree(p, to, names, m, rng); err != nil {
			return err
		}
	}
	return nil
}

// survivor is what a crash leaves of a file's bytes.
func (n *node) survivor(m Mode, rng *rand.Rand) []byte {
	var b []byte
	for _, w := range n.writes[:n.durable] {
		b = w.apply(b)
	}
	pending := n.writes[n.durable:]
	if len(pending) == 0 || m == KeepNothing || m == KeepNames {
		return b
	}
	if m == KeepBytes || m == KeepAll {
		for _, w := range pending {
			b = w.apply(b)
		}
		return b
	}
	for _, w := range pending {
		if w.data == nil { // a new length is kept with all before it, or not at all
			for _, w := range pending[:rng.IntN(len(pending)+1)] {
				b = w.apply(b)
			}
			return b
		}
	}
	return torn(b, pending, rng)
}

func (w write) apply(b []byte) []byte {
	size := w.length(int64(len(b)))
	if size < int64(len(b)) {
		b = b[:size]
	} else {
		b = append(b, make([]byte, size-int64(len(b)))...)
	}
	copy(b[min(w.at, size):], w.data)
	return b
}

// torn keeps for each page what it held after some number of the pending writes, and a
// length that the file had at some time.
func torn(b []byte, pending []write, rng *rand.Rand) []byte {
	versions := map[int64]int{} // page → how many pending writes it has seen
	size := int64(len(b))
	reach := rng.IntN(len(pending) + 1)
	for i, w := range pending {
		if i < reach {
			size = w.length(size)
		}
		for p := w.at / page; p*page < w.at+int64(len(w.data)); p++ {
			if _, ok := versions[p]; !ok {
				versions[p] = rng.IntN(len(pending) + 1)
			}
		}
	}
	out := make([]byte, size)
	copy(out, b)
	for i, w := range pending {
		for p := w.at / page; p*page < w.at+int64(len(w.data)); p++ {
			if i >= versions[p] {
				continue
			}
			from, to := max(w.at, p*page), min(w.at+int64(len(w.data)), (p+1)*page, size)
			if from < to {
				copy(out[from:to], w.data[from-w.at:])
			}
		}
	}
	return out
}

func sorted(m map[string]*node) []string { return slices.Sorted(maps.Keys(m)) }
