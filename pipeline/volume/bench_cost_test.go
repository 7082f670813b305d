//go:build unix

package volume_test

import (
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// cpu is the processor time that f takes, in whatever threads.
func cpu(tb testing.TB, f func()) time.Duration {
	tb.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			tb.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	f()
	return used() - start
}

// floor is the least that a volume costs: a new array, every byte of every file read once,
// and every pixel converted through a table.
func floor(tb testing.TB, in []volume.Input, side int) []int16 {
	tb.Helper()
	table := new([1 << 16]int16)
	for raw := range table {
		table[raw] = int16(min(raw-1024, math.MaxInt16))
	}
	hu := make([]int16, len(in)*side*side)
	var buf []byte
	for k, x := range in {
		if int64(len(buf)) < x.Size {
			buf = make([]byte, x.Size)
		}
		if _, err := x.File.ReadAt(buf[:x.Size], 0); err != nil {
			tb.Fatal(err)
		}
		px := buf[x.Size-int64(2*side*side) : x.Size]
		dst := hu[k*side*side:][:side*side]
		for i := range dst {
			dst[i] = table[binary.LittleEndian.Uint16(px[2*i:])]
		}
	}
	return hu
}

// BenchmarkAssemble300 is the whole way from 300 open files of 512×512 to a volume of
// 150 MiB. Beside the usual figures it gives the processor time of one volume, how often
// that is the floor's, measured in turns with it, and the memory that one volume takes
// in all, garbage included, as a multiple of the volume: no peak can be higher.
func BenchmarkAssemble300(b *testing.B) {
	straight := neck()
	for name, s := range map[string]scan{"straight": straight, "tilted": straight.tilted(18.5)} {
		b.Run(name, func(b *testing.B) {
			const side = 512
			in := onDisk(b, s, 300, side)
			b.SetBytes(300 * side * side * 2)
			var took, least time.Duration
			var memory float64
			measure := []func(){
				func() { least += cpu(b, func() { runtime.KeepAlive(floor(b, in, side)) }) },
				func() {
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					var got volume.Assembled
					took += cpu(b, func() {
						var err error
						if got, err = volume.Assemble(b.Context(), in, volume.Limits{}); err != nil {
							b.Fatal(err)
						}
					})
					runtime.ReadMemStats(&after)
					memory = float64(after.TotalAlloc-before.TotalAlloc) / float64(2*got.Volume.Len())
				},
			}
			for b.Loop() {
				// In turns, since the first may get memory that was never touched.
				for _, f := range measure {
					runtime.GC()
					f()
				}
				slices.Reverse(measure)
			}
			b.ReportMetric(took.Seconds()*1e3/float64(b.N), "cpu-ms/op")
			b.ReportMetric(took.Seconds()/least.Seconds(), "x-floor")
			b.ReportMetric(memory, "x-volume")
			b.ReportMetric(0, "ns/op") // holds the floor and collections too
		})
	}
}

// TestPeakMemory bounds what an assembly allocates in all, and so its peak, for each kind
// of volume: 2.5 times the volume at most.
func TestPeakMemory(t *testing.T) {
	s := neck()
	s.n, s.rows, s.cols = 40, 256, 256
	for name, in := range map[string][]volume.Input{"straight": s.files(t), "tilted": s.tilted(25).files(t)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := volume.Assemble(t.Context(), in, volume.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if used := float64(after.TotalAlloc-before.TotalAlloc) / float64(2*got.Volume.Len()); used > 2.5 {
			t.Errorf("%s: %.2f times the volume", name, used)
		}
	}
}
