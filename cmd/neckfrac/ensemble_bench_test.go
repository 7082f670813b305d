package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/chaos"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/onnx"
	"github.com/neckfrac/neckfrac/pipeline/artefact"
	"github.com/neckfrac/neckfrac/pipeline/ledger/sqlite"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// The tests in this file are the parts of .ci/bench-ensemble that are written in Go.
// They measure and print; nothing fails for being slow.
var (
	ensembleStudy  = flag.String("ensemble-study", "", "folder of the study (make bench-ensemble)")
	ensemblePack   = flag.String("ensemble-pack", "../../models/packs/demo", "pack of TestEnsembleTime and TestEnsembleService")
	ensembleKey    = flag.String("ensemble-key", "../../models/packs/demo.pub", "its public key")
	ensembleLabels = flag.String("ensemble-labels", "", "labels of TestEnsembleTime: written by a trained pack, read for one of random weights")
	ensembleReport = flag.String("ensemble-report", "", "file for the figures")
	ensembleRuns   = flag.Int("ensemble-runs", 5, "analyses")
	ensembleServer = flag.String("ensemble-server", "", "the built program of TestEnsembleService")
)

// TestEnsembleStudy writes the study: 300 slices of 512×512, uncompressed.
func TestEnsembleStudy(t *testing.T) {
	if *ensembleStudy == "" || *ensembleReport != "" {
		t.Skip("make bench-ensemble")
	}
	const study = "1.2.826.0.1.3680043.2.78.1"
	if err := os.MkdirAll(*ensembleStudy, 0o755); err != nil {
		t.Fatal(err)
	}
	for k, ds := range newLargePatient(t).slices {
		uid := fmt.Sprintf("%s.1.%d", study, k+1)
		ds = ds.Put(dataset.NewText(dataset.TagStudyInstanceUID, study)).Put(dataset.NewText(dataset.TagSeriesInstanceUID, study+".1")).
			Put(dataset.NewText(dataset.TagSOPInstanceUID, uid))
		var b bytes.Buffer
		m := dataset.Meta{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: uid, TransferSyntaxUID: dataset.ExplicitVRLittleEndian,
			ImplementationClassUID: clientConfig("NECKFRAC").ImplementationClassUID}
		if err := dataset.EncodePart10(&b, m, ds); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*ensembleStudy, fmt.Sprintf("%04d.dcm", k+1)), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// ensembleFigures is the report of TestEnsembleTime. Times are in seconds.
type ensembleFigures struct {
	Load    float64       `json:"load"`
	Threads int           `json:"threads"`
	Device  onnx.Device   `json:"device"`
	Runs    []ensembleRun `json:"runs"`
	PeakMB  int           `json:"peak_mb"`
	// Patient and Levels are the answers, for a look beside another pipeline's.
	Patient float64   `json:"patient"`
	Levels  []float64 `json:"levels"`
	// Batches are the runs of one analysis, for a bare replay.
	Batches []ensembleBatch `json:"batches"`
}

type ensembleRun struct {
	Volume   float64 `json:"volume"`
	Predict  float64 `json:"predict"`
	Artefact float64 `json:"artefact"`
	CPU      float64 `json:"cpu"`
}

type ensembleBatch struct {
	File  string  `json:"file"`
	Shape []int64 `json:"shape"`
}

// TestEnsembleTime is a runner's work in a process of its own: files → volume →
// prediction → artefacts, several times.
func TestEnsembleTime(t *testing.T) {
	if *ensembleReport == "" || *ensembleServer != "" {
		t.Skip("make bench-ensemble")
	}
	frugal() // as a runner is
	inputs, files, err := openInputs([]string{*ensembleStudy})
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(files)
	var mu sync.Mutex
	var batches []ensembleBatch
	start := time.Now()
	p, random := ensemblePredictor(t, func(r onnx.Run) {
		mu.Lock()
		defer mu.Unlock()
		batches = append(batches, ensembleBatch{r.File, r.Shape})
	})
	defer p.Close()
	out := ensembleFigures{Load: time.Since(start).Seconds(), Threads: onnx.Processors(), Device: p.Device()}
	for range *ensembleRuns {
		batches = batches[:0]
		run, pred := analyseOnce(t, inputs, p, !random)
		out.Runs, out.Patient, out.Levels = append(out.Runs, run), pred.Patient, nil
		for _, l := range pred.Levels {
			out.Levels = append(out.Levels, l.Probability)
		}
		debug.FreeOSMemory() // as ServeRunner does
	}
	out.PeakMB, out.Batches = peakMB(t, os.Getpid()), batches
	if random { // nothing was found, and nothing it says means anything
		out.Patient, out.Levels = 0, nil
	}
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*ensembleReport, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// ensemblePredictor opens the pack, also one of random weights, which gets the labels
// that a trained segmenter found: its own lead nowhere.
func ensemblePredictor(t *testing.T, trace func(onnx.Run)) (p *onnx.Predictor, random bool) {
	t.Helper()
	k, err := readPublicKey(*ensembleKey)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := models.Open(*ensemblePack, models.Trust{SyntheticKeys: []ed25519.PublicKey{k}, AllowRandomWeights: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pack.Close()
	o := onnx.Options{Trace: trace}
	if random = pack.Manifest().RandomWeights; random {
		if o.Labels, err = os.ReadFile(*ensembleLabels); err != nil {
			t.Fatal(err)
		}
	}
	if p, err = onnx.Open(pack, o); err != nil {
		t.Fatal(err)
	}
	return p, random
}

// analyseOnce is one analysis; keep writes the labels that were found to a file.
func analyseOnce(t *testing.T, inputs []volume.Input, p *onnx.Predictor, keep bool) (ensembleRun, neckfrac.Prediction) {
	t.Helper()
	var r ensembleRun
	cpu, start := cpuSeconds(), time.Now()
	lap := func() float64 {
		d := time.Since(start).Seconds()
		start = time.Now()
		return d
	}
	as, err := volume.Assemble(t.Context(), inputs, volume.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r.Volume = lap()
	pred, err := p.Predict(t.Context(), as.Volume)
	if err != nil {
		t.Fatal(err)
	}
	r.Predict = lap()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	if _, err := artefact.Write(t.Context(), dir, as.Volume, pred); err != nil {
		t.Fatal(err)
	}
	r.Artefact, r.CPU = lap(), cpuSeconds()-cpu
	if keep && *ensembleLabels != "" {
		if err := os.WriteFile(*ensembleLabels, fieldOrder(pred.Mask), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return r, pred
}

// fieldOrder is the inverse of input.ToLabels: x, then z from the head, then y.
func fieldOrder(l *neckfrac.Labels) []byte {
	nx, ny, nz := l.Dims[0], l.Dims[1], l.Dims[2]
	out := make([]byte, 0, l.Len())
	for x := range nx {
		for z := range nz {
			for y := range ny {
				out = append(out, l.Voxel[l.Index(x, y, nz-1-z)])
			}
		}
	}
	return out
}

// serviceFigures is the report of TestEnsembleService, in seconds and megabytes.
type serviceFigures struct {
	// Committed is from the settling of the study to its assessment in the ledger.
	Committed []float64 `json:"committed"`
	// Received is from the last slice's receipt.
	Received []float64 `json:"received"`
	// Stages are the runner's own, of the last study, in milliseconds.
	Stages    map[string]int64 `json:"stages"`
	ServiceMB int              `json:"service_mb"`
	RunnerMB  int              `json:"runner_mb"`
}

// TestEnsembleService sends the study to the built program with its default
// configuration, several times, and reads from its log how long a job took.
func TestEnsembleService(t *testing.T) {
	if *ensembleReport == "" || *ensembleServer == "" {
		t.Skip("make bench-ensemble")
	}
	data := filepath.Join(t.TempDir(), "data")
	p, err := chaos.Start(t.Context(), chaos.Command{Args: []string{*ensembleServer, "serve"}, Env: []string{
		"NECKFRAC_DATA_DIR=" + data, "NECKFRAC_DICOM_ADDR=127.0.0.1:0", "NECKFRAC_HTTP_ADDR=127.0.0.1:0", "NECKFRAC_ADMIN_ADDR=127.0.0.1:0",
		"NECKFRAC_MODELS_PACK=" + *ensemblePack}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { p.Kill(); <-p.Ended() }()
	db, err := sqlite.OpenReadOnly(t.Context(), filepath.Join(data, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var out serviceFigures
	patient := newLargePatient(t)
	for n := range *ensembleRuns {
		a, at := committed(t, db, patient.send(t, p.DICOM, n))
		if a.Status != neckfrac.Analysed || a.Slices != settleSlices {
			t.Fatalf("%s %s, %d slices\n%s", a.Status, a.Reason, a.Slices, p.Log())
		}
		settled := logTimes(p.Log(), "study settled")
		out.Committed = append(out.Committed, at.Sub(settled[len(settled)-1]).Seconds())
		out.Received = append(out.Received, at.Sub(a.T0).Seconds())
	}
	out.Stages = lastStages(t, p.Log())
	out.ServiceMB = peakMB(t, p.PID())
	for _, c := range children(t, p.PID()) {
		out.RunnerMB = max(out.RunnerMB, peakMB(t, c))
	}
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*ensembleReport, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// logTimes are the times of the log's lines with a message.
func logTimes(log, msg string) []time.Time {
	var out []time.Time
	for l := range strings.Lines(log) {
		var e struct {
			Time time.Time `json:"time"`
			Msg  string    `json:"msg"`
		}
		if json.Unmarshal([]byte(l), &e) == nil && e.Msg == msg {
			out = append(out, e.Time)
		}
	}
	return out
}

func lastStages(t *testing.T, log string) map[string]int64 {
	t.Helper()
	found := regexp.MustCompile(`"stages":(\{[^}]*\})`).FindAllStringSubmatch(log, -1)
	if len(found) == 0 {
		t.Fatal("the log names no stages")
	}
	var out map[string]int64
	if err := json.Unmarshal([]byte(found[len(found)-1][1]), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// cpuSeconds is the processor time of this process.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// peakMB is a process's largest resident memory so far.
func peakMB(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(b)) {
		if f := strings.Fields(l); len(f) > 1 && f[0] == "VmHWM:" {
			n, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return n >> 10
		}
	}
	t.Fatal("no VmHWM in the process's status")
	return 0
}

// children are the processes that any thread of pid started.
func children(t *testing.T, pid int) []int {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // a thread that ended
		}
		for s := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(s); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}
