package onnx

import (
	"strings"
	"testing"
	"testing/fstest"
)

const (
	v2Mounts = "22 1 0:20 / / rw - ext4 /dev/sda1 rw\n30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	v1Mounts = "33 25 0:28 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n34 25 0:29 /docker/ab /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
	v1Group  = "5:memory:/docker/ab\n4:cpu,cpuacct:/docker/ab\n1:name=systemd:/docker/ab\n"
	v1Dir    = "sys/fs/cgroup/cpu,cpuacct/"
)

func TestCPUQuota(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cgroup, mounts string
		files          map[string]string
		want           float64 // 0 is none
	}{
		"none":                    {},
		"v2 without a limit":      {"0::/a\n", v2Mounts, map[string]string{"sys/fs/cgroup/a/cpu.max": "max 100000\n"}, 0},
		"v2":                      {"0::/\n", v2Mounts, map[string]string{"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5},
		"v2 a parent is stricter": {"0::/kube/pod/c\n", v2Mounts, map[string]string{"sys/fs/cgroup/kube/pod/c/cpu.max": "400000 100000", "sys/fs/cgroup/kube/cpu.max": "200000 100000"}, 2},
		"v1":                      {v1Group, v1Mounts, map[string]string{v1Dir + "cpu.cfs_quota_us": "50000\n", v1Dir + "cpu.cfs_period_us": "100000\n"}, 0.5},
		"v1 without a limit":      {v1Group, v1Mounts, map[string]string{v1Dir + "cpu.cfs_quota_us": "-1\n", v1Dir + "cpu.cfs_period_us": "100000\n"}, 0},
		"v1 no period":            {v1Group, v1Mounts, map[string]string{v1Dir + "cpu.cfs_quota_us": "50000"}, 0},
		"nonsense":                {"0::/\n", v2Mounts, map[string]string{"sys/fs/cgroup/cpu.max": "many few"}, 0},
		"period of zero":          {"0::/\n", v2Mounts, map[string]string{"sys/fs/cgroup/cpu.max": "100 0"}, 0},
		"larger than a number":    {"0::/\n", v2Mounts, map[string]string{"sys/fs/cgroup/cpu.max": strings.Repeat("9", 400) + " 1"}, 0},
		"a path that leads out":   {"0::/../../x\n", v2Mounts, map[string]string{"x/cpu.max": "1 1", "sys/fs/cgroup/cpu.max": "300000 100000"}, 3},
		"lines of another form":   {"\n:\n0::\n", "x\n - \n" + v2Mounts, map[string]string{"sys/fs/cgroup/cpu.max": "100000 100000"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := fstest.MapFS{}
			if c.cgroup != "" {
				root["proc/self/cgroup"] = &fstest.MapFile{Data: []byte(c.cgroup)}
				root["proc/self/mountinfo"] = &fstest.MapFile{Data: []byte(c.mounts)}
			}
			for f, s := range c.files {
				root[f] = &fstest.MapFile{Data: []byte(s)}
			}
			got, ok := cpuQuota(root)
			if !ok {
				got = 0
			}
			if got != c.want || ok != (c.want > 0) {
				t.Errorf("got %v, %v, want %v", got, ok, c.want)
			}
		})
	}
}

func TestProcessors(t *testing.T) {
	t.Parallel()
	if n := Processors(); n < 1 {
		t.Errorf("%d processors", n)
	}
}
