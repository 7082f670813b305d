package powercut

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Disk is the tree below one directory as the calls so far have left it, with what of it
// is durable. The root itself is durable.
type Disk struct {
	root string
	top  *node
	// open are the descriptors of the traced process.
	open map[int]*node
	// order are the changes of names, as they happened.
	order []*change
}

// node is a file or a directory.
type node struct {
	dir bool
	// A file's writes in the order of their return, and how many of them are durable.
	writes  []write
	durable int
	// A directory's names as a process sees them.
	names map[string]*node
	// synced is the begin of the directory's last sync.
	synced int
}

// write is bytes at an offset, or a new length where data is nil.
type write struct {
	end  int
	at   int64
	data []byte
}

// change is one new name or one removal. A rename is two that know each other.
type change struct {
	end  int
	dir  *node
	name string
	to   *node // nil is a removal
	// added is the other half of a rename, on its removal.
	added *change
}

func (c *change) durable() bool { return c.end < c.dir.synced }

// NewDisk starts with an empty directory at root.
func NewDisk(root string) *Disk {
	return &Disk{root: path.Clean(root), top: newDir(), open: map[int]*node{}}
}

func newDir() *node { return &node{dir: true, names: map[string]*node{}, synced: -1} }

// Restart forgets the descriptors: the next call comes from a new process. The page
// cache stays.
func (d *Disk) Restart() { d.open = map[int]*node{} }

// Apply does what a call did. Calls that failed and calls outside the root change
// nothing.
func (d *Disk) Apply(c Call) error {
	if c.Result < 0 {
		return nil
	}
	if err := d.apply(c); err != nil {
		return fmt.Errorf("powercut: line %d: %s: %w", c.End, c.Name, err)
	}
	return nil
}

func (d *Disk) apply(c Call) error {
	switch c.Name {
	case "open", "creat":
		return d.openFile(c, atCWD(c.Args[0]), lastFlags(c))
	case "openat":
		return d.openFile(c, at(c, 0), lastFlags(c))
	case "write", "pwrite64", "writev", "pwritev", "pwritev2":
		return d.write(c)
	case "ftruncate":
		return d.onFile(c, func(n *node) error {
			size, err := strconv.ParseInt(c.Args[1].Text, 10, 64)
			n.writes = append(n.writes, write{end: c.End, at: size})
			return err
		})
	case "fsync", "fdatasync":
		return d.onFile(c, func(n *node) error { n.sync(c.Begin); return nil })
	case "mkdir":
		return d.add(c, atCWD(c.Args[0]), newDir())
	case "mkdirat":
		return d.add(c, at(c, 0), newDir())
	case "unlink", "rmdir":
		return d.remove(c, atCWD(c.Args[0]))
	case "unlinkat":
		return d.remove(c, at(c, 0))
	case "rename":
		return d.rename(c, atCWD(c.Args[0]), atCWD(c.Args[1]))
	case "renameat", "renameat2":
		return d.rename(c, at(c, 0), at(c, 2))
	}
	for _, a := range c.Args {
		if d.below(a.Path) || d.below(string(a.Data)) {
			return fmt.Errorf("unknown to the model, on %q", a.Path+string(a.Data))
		}
	}
	return nil
}

// at is the path of a directory's descriptor and a name.
func at(c Call, i int) string {
	name := string(c.Args[i+1].Data)
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(c.Args[i].Path, name)
}

// atCWD is a path that a call without a directory names; the service uses whole ones.
func atCWD(a Arg) string { return path.Clean(string(a.Data)) }

func lastFlags(c Call) string {
	for _, a := range c.Args {
		if strings.HasPrefix(a.Text, "O_") {
			return a.Text
		}
	}
	return "O_CREAT|O_TRUNC" // creat
}

func (d *Disk) below(p string) bool { return p == d.root || strings.HasPrefix(p, d.root+"/") }

// find follows a path below the root; the parent is nil for the root.
func (d *Disk) find(p string) (parent *node, name string, n *node) {
	if !d.below(p) {
		return nil, "", nil
	}
	n = d.top
	for _, part := range strings.Split(strings.TrimPrefix(strings.TrimPrefix(p, d.root), "/"), "/") {
		if part == "" {
			continue
		}
		if n == nil || !n.dir {
			return nil, "", nil
		}
		parent, name, n = n, part, n.names[part]
	}
	return parent, name, n
}

func (d *Disk) openFile(c Call, p, flags string) error {
	parent, name, n := d.find(p)
	if n == nil && parent != nil {
		if !strings.Contains(flags, "O_CREAT") {
			return fmt.Errorf("%s was opened and never made", p)
		}
		n = &node{}
		d.change(c, parent, name, n, nil)
	}
	if n != nil && !n.dir && strings.Contains(flags, "O_TRUNC") {
		n.writes = append(n.writes, write{end: c.End})
	}
	if n == nil {
		delete(d.open, c.Result)
	} else {
		d.open[c.Result] = n
	}
	return nil
}

// onFile calls fn with the node of the first argument's descriptor, if it is ours.
func (d *Disk) onFile(c Call, fn func(*node) error) error {
	a := c.Args[0]
	if !d.below(a.Path) {
		return nil
	}
	n := d.open[a.FD]
	if n == nil {
		return fmt.Errorf("descriptor %d of %s was never opened", a.FD, a.Path)
	}
	return fn(n)
}

func (d *Disk) write(c Call) error {
	return d.onFile(c, func(n *node) error {
		data, offset := c.Args[1].Data, n.length()
		if strings.HasPrefix(c.Name, "pwrite") {
			var err error
			if offset, err = strconv.ParseInt(c.Args[3].Text, 10, 64); err != nil {
				return err
			}
		}
		if strings.Contains(c.Name, "writev") {
			var err error
			if data, err = vector(c.Args[1].Text); err != nil {
				return err
			}
		}
		if c.Result > len(data) {
			return fmt.Errorf("%d bytes written, %d in the trace", c.Result, len(data))
		}
		n.writes = append(n.writes, write{end: c.End, at: offset, data: data[:c.Result]})
		return nil
	})
}

// length is the file's, as its process sees it: the position of a file that is only
// written from its start to its end.
func (n *node) length() (size int64) {
	for _, w := range n.writes {
		size = w.length(size)
	}
	return size
}

func (w write) length(before int64) int64 {
	if w.data == nil {
		return w.at
	}
	return max(before, w.at+int64(len(w.data)))
}

// sync makes durable what had returned before the sync was begun.
func (n *node) sync(begin int) {
	if n.dir {
		n.synced = max(n.synced, begin)
		return
	}
	for n.durable < len(n.writes) && n.writes[n.durable].end < begin {
		n.durable++
	}
}

func (d *Disk) change(c Call, dir *node, name string, to *node, added *change) *change {
	ch := &change{end: c.End, dir: dir, name: name, to: to, added: added}
	d.order = append(d.order, ch)
	if to == nil {
		delete(dir.names, name)
	} else {
		dir.names[name] = to
	}
	return ch
}

func (d *Disk) add(c Call, p string, n *node) error {
	if parent, name, _ := d.find(p); parent != nil {
		d.change(c, parent, name, n, nil)
	}
	return nil
}

func (d *Disk) remove(c Call, p string) error {
	parent, name, n := d.find(p)
	if n == nil {
		if d.below(p) {
			return fmt.Errorf("%s was removed and never made", p)
		}
		return nil
	}
	d.change(c, parent, name, nil, nil)
	return nil
}

func (d *Disk) rename(c Call, from, to string) error {
	fromDir, fromName, n := d.find(from)
	toDir, toName, _ := d.find(to)
	if n == nil && toDir == nil {
		return nil
	}
	if n == nil || toDir == nil {
		return fmt.Errorf("%s to %s leads out of the root, or was never made", from, to)
	}
	added := d.change(c, toDir, toName, n, nil)
	d.change(c, fromDir, fromName, nil, added)
	return nil
}

// Names lists the files below the root as a process sees them, for tests.
func (d *Disk) Names() []string {
	var out []string
	var walk func(n *node, at string)
	walk = func(n *node, at string) {
		for name, to := range n.names {
			if to.dir {
				walk(to, path.Join(at, name))
			} else {
				out = append(out, path.Join(at, name))
			}
		}
	}
	walk(d.top, "")
	slices.Sort(out)
	return out
}
