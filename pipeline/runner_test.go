package pipeline_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline"
	"github.com/neckfrac/neckfrac/pipeline/pipelinetest"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// roleEnv makes the test binary a runner of some temper.
const roleEnv = "NECKFRAC_TEST_RUNNER_ROLE"

func TestMain(m *testing.M) {
	role := os.Getenv(roleEnv)
	if role == "" {
		os.Exit(m.Run())
	}
	conn, err := net.FileConn(os.NewFile(3, "files"))
	if err != nil {
		os.Exit(1)
	}
	p := pipelinetest.NewPredictor()
	box := neckfrac.Box{Min: neckfrac.Vec3{-10, -10, 30}, Max: neckfrac.Vec3{10, 10, 45}}
	p.Level(neckfrac.LevelPrediction{Vertebra: neckfrac.C5, Coverage: neckfrac.CoverageFull, Probability: 0.9, Extent: box, Lesion: box})
	switch role {
	case "refuse":
		pipeline.RefuseRunner(os.Stdout, neckfrac.Errorf(neckfrac.Unavailable, "onnx", "library is missing"))
		os.Exit(0)
	case "die":
		p.On("Predict", func() { os.Exit(3) })
	case "hang":
		p.On("Predict", func() { select {} })
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := pipeline.ServeRunner(context.Background(), os.Stdin, os.Stdout, conn.(*net.UnixConn), p, log); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runnerAs(t *testing.T, role string, timeout time.Duration) *pipeline.ProcessRunner {
	t.Helper()
	r := &pipeline.ProcessRunner{Command: []string{os.Args[0]}, Env: []string{roleEnv + "=" + role},
		Timeout: timeout, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	t.Cleanup(func() { r.Close() })
	return r
}

// ctFiles writes a small axial CT, n slices of 64×64 with a bright column.
func ctFiles(t *testing.T, n int) (pipeline.RunnerJob, []*os.File) {
	t.Helper()
	dir := t.TempDir()
	job := pipeline.RunnerJob{Dir: t.TempDir()}
	var files []*os.File
	for k := range n {
		pixels := make([]byte, 64*64*2)
		for i := range 64 * 64 {
			v := int16(40)
			if x, y := i%64-32, i/64-32; math.Hypot(float64(x), float64(y)) < 8 {
				v = 700
			}
			binary.LittleEndian.PutUint16(pixels[2*i:], uint16(v))
		}
		uid := fmt.Sprintf("1.2.3.1.%d", k+1)
		ds := dataset.Dataset{
			dataset.NewText(dataset.TagImageType, "ORIGINAL", "PRIMARY", "AXIAL"),
			dataset.NewText(dataset.TagSOPClassUID, dataset.CTImageStorage),
			dataset.NewText(dataset.TagSOPInstanceUID, uid),
			dataset.NewText(dataset.TagModality, "CT"),
			dataset.NewText(dataset.TagPatientID, "NF-TEST-1"),
			dataset.NewText(dataset.TagPatientAge, "040Y"),
			dataset.NewFloat(dataset.TagSliceThickness, 1),
			dataset.NewText(dataset.TagStudyInstanceUID, "1.2.3"),
			dataset.NewText(dataset.TagSeriesInstanceUID, "1.2.3.1"),
			dataset.NewInt(dataset.TagInstanceNumber, int64(k+1)),
			dataset.NewFloat(dataset.TagImagePositionPatient, -32, -32, float64(k)),
			dataset.NewFloat(dataset.TagImageOrientationPatient, 1, 0, 0, 0, 1, 0),
			dataset.NewText(dataset.TagFrameOfReferenceUID, "1.2.3.9"),
			dataset.NewInt(dataset.TagSamplesPerPixel, 1),
			dataset.NewText(dataset.TagPhotometricInterpretation, "MONOCHROME2"),
			dataset.NewInt(dataset.TagRows, 64),
			dataset.NewInt(dataset.TagColumns, 64),
			dataset.NewFloat(dataset.TagPixelSpacing, 1, 1),
			dataset.NewInt(dataset.TagBitsAllocated, 16),
			dataset.NewInt(dataset.TagBitsStored, 16),
			dataset.NewInt(dataset.TagHighBit, 15),
			dataset.NewInt(dataset.TagPixelRepresentation, 1),
			dataset.NewFloat(dataset.TagRescaleIntercept, 0),
			dataset.NewFloat(dataset.TagRescaleSlope, 1),
			dataset.NewBytes(dataset.TagPixelData, dataset.OW, pixels),
		}
		f, err := os.Create(filepath.Join(dir, uid))
		if err != nil {
			t.Fatal(err)
		}
		meta := dataset.Meta{TransferSyntaxUID: dataset.ExplicitVRLittleEndian, SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: uid, ImplementationClassUID: "1.2.3.4"}
		if err := dataset.EncodePart10(f, meta, ds); err != nil {
			t.Fatal(err)
		}
		st, _ := f.Stat()
		job.Inputs = append(job.Inputs, pipeline.RunnerInput{Series: "1.2.3.1", Instance: neckfrac.InstanceUID(uid), Size: st.Size()})
		files = append(files, f)
	}
	t.Cleanup(func() {
		for _, f := range files {
			f.Close()
		}
	})
	return job, files
}

func TestRunnerProcessAnswers(t *testing.T) {
	t.Parallel()
	r := runnerAs(t, "serve", time.Minute)
	pack, err := r.Warm()
	if err != nil || pack != pipelinetest.NewPredictor().Pack() {
		t.Fatalf("hello: got %+v, %v", pack, err)
	}
	if got, err := r.Syntaxes(); err != nil || !slices.Equal(got, volume.Syntaxes()) || !slices.Contains(got, dataset.ExplicitVRLittleEndian) {
		t.Errorf("syntaxes %v, %v; want what Assemble reads", got, err)
	}
	job, files := ctFiles(t, 80)
	for round := range 2 { // the second job meets a warm child
		job.Dir = t.TempDir()
		a, err := r.Run(context.Background(), job, files)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if a.Prediction == nil || a.Slices != 80 || len(a.Artefacts) == 0 {
			t.Fatalf("round %d: got %+v", round, a)
		}
		for _, art := range a.Artefacts {
			if _, err := os.Stat(filepath.Join(job.Dir, art.File)); err != nil {
				t.Errorf("artefact: %v", err)
			}
		}
	}
}

func TestRunnerProcessRefuses(t *testing.T) {
	t.Parallel()
	r := runnerAs(t, "serve", time.Minute)
	job, files := ctFiles(t, 40)
	job.Inputs = append(job.Inputs[:20], job.Inputs[22:]...)
	files = append(files[:20:20], files[22:]...)
	a, err := r.Run(context.Background(), job, files)
	if err != nil || a.Refused == nil || a.Refused.Reason != neckfrac.Gap {
		t.Fatalf("got %+v, %v; want refused for a gap", a, err)
	}
}

func TestRunnerProcessDeathIsAnErrorAndIsReplaced(t *testing.T) {
	t.Parallel()
	r := runnerAs(t, "die", time.Minute)
	job, files := ctFiles(t, 40)
	for range 2 {
		if _, err := r.Run(context.Background(), job, files); neckfrac.KindOf(err) != neckfrac.Unavailable {
			t.Fatalf("got %v, want unavailable", err)
		}
	}
}

func TestRunnerProcessHangEndsWithItsDeadline(t *testing.T) {
	t.Parallel()
	r := runnerAs(t, "hang", 2*time.Second)
	job, files := ctFiles(t, 40)
	if _, err := r.Run(context.Background(), job, files); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("got %v, want unavailable", err)
	}
}

func TestRunnerProcessSaysWhyItCantStart(t *testing.T) {
	t.Parallel()
	_, err := runnerAs(t, "refuse", time.Minute).Warm()
	if err == nil || !strings.Contains(err.Error(), "library is missing") {
		t.Fatalf("got %v, want the runner's own sentence", err)
	}
	r := &pipeline.ProcessRunner{Command: []string{"/nonexistent"}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if _, err := r.Warm(); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Fatalf("got %v, want unavailable", err)
	}
}
