package onnx

import (
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
)

const (
	// maxProcBytes bounds what is read of /proc/self/cgroup and mountinfo: a container
	// host has a few hundred mounts of 200 bytes.
	maxProcBytes = 256 << 10
	// maxQuotaBytes holds two numbers.
	maxQuotaBytes = 256
	// maxCgroupDepth bounds the walk from a group up to its mount.
	maxCgroupDepth = 32
)

// Processors is how many processors this process may keep busy: GOMAXPROCS, and the
// CPU quota of its control group where that is less. The Go runtime reads the quota
// too, but rounds it up and never below two: under a quota of one, a second thread
// only spends the first one's time.
func Processors() int {
	n := runtime.GOMAXPROCS(0)
	if quota, ok := cpuQuota(os.DirFS("/")); ok {
		n = min(n, max(int(quota), 1))
	}
	return n
}

// cpuQuota is the lowest quota, in processors, of the process's control group and the
// groups above it (cgroup v2 cpu.max, v1 cpu.cfs_quota_us). ok is false where none is
// set, or where what is written there can't be understood.
func cpuQuota(root fs.FS) (processors float64, ok bool) {
	groups, err := readSmall(root, "proc/self/cgroup", maxProcBytes)
	if err != nil {
		return 0, false
	}
	mounts, err := readSmall(root, "proc/self/mountinfo", maxProcBytes)
	if err != nil {
		return 0, false
	}
	least := math.Inf(1)
	for line := range strings.Lines(groups) {
		// hierarchy:controllers:path, the controllers of v2 being empty.
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		v2 := f[0] == "0" && f[1] == ""
		if !v2 && !listed(f[1], "cpu") {
			continue
		}
		if m, found := cgroupMount(mounts, v2); found {
			least = min(least, m.least(root, f[2], v2))
		}
	}
	return least, !math.IsInf(least, 1)
}

// mount is where a control group hierarchy is seen: the group root at point.
type mount struct{ root, point string }

// cgroupMount finds the hierarchy in mountinfo: id parent device root point options
// fields - type source superoptions.
func cgroupMount(mountinfo string, v2 bool) (mount, bool) {
	for line := range strings.Lines(mountinfo) {
		left, right, found := strings.Cut(line, " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !found || len(l) < 5 || len(r) < 3 {
			continue
		}
		if v2 && r[0] == "cgroup2" || !v2 && r[0] == "cgroup" && listed(r[2], "cpu") {
			return mount{l[3], l[4]}, true
		}
	}
	return mount{}, false
}

// least is the lowest quota from a group up to the mount.
func (m mount) least(root fs.FS, group string, v2 bool) float64 {
	least := math.Inf(1)
	below := strings.TrimPrefix(path.Clean("/"+group), path.Clean(m.root))
	for range maxCgroupDepth {
		dir := strings.TrimPrefix(path.Join(m.point, below), "/")
		if q, ok := quotaOf(root, dir, v2); ok {
			least = min(least, q)
		}
		if below == "" || below == "/" || below == "." {
			break
		}
		below = path.Dir("/" + below)
	}
	return least
}

func quotaOf(root fs.FS, dir string, v2 bool) (float64, bool) {
	var quota, period string
	if v2 {
		s, err := readSmall(root, path.Join(dir, "cpu.max"), maxQuotaBytes)
		if err != nil {
			return 0, false
		}
		quota, period, _ = strings.Cut(strings.TrimSpace(s), " ")
	} else {
		q, err := readSmall(root, path.Join(dir, "cpu.cfs_quota_us"), maxQuotaBytes)
		if err != nil {
			return 0, false
		}
		p, err := readSmall(root, path.Join(dir, "cpu.cfs_period_us"), maxQuotaBytes)
		if err != nil {
			return 0, false
		}
		quota, period = strings.TrimSpace(q), strings.TrimSpace(p)
	}
	// "max" and -1 are no quota.
	q, err := strconv.ParseInt(quota, 10, 64)
	if err != nil || q <= 0 {
		return 0, false
	}
	p, err := strconv.ParseInt(period, 10, 64)
	if err != nil || p <= 0 {
		return 0, false
	}
	return float64(q) / float64(p), true
}

func listed(list, word string) bool {
	for s := range strings.SplitSeq(list, ",") {
		if s == word {
			return true
		}
	}
	return false
}

// readSmall reads at most limit bytes of a file; the kernel says no length for these.
func readSmall(root fs.FS, name string, limit int64) (string, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit))
	return string(b), err
}
