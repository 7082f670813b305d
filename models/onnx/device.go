package onnx

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/neckfrac/neckfrac"
)

// Device says where networks run.
type Device string

const (
	// Auto takes CUDA where the library and a device are there, else the CPU.
	Auto Device = "auto"
	// CPU is always there.
	CPU Device = "cpu"
	// CUDA is one NVIDIA GPU, and an error where it can't be had.
	CUDA Device = "cuda"
)

// ParseDevice reads the word of a configuration; "" is auto.
func ParseDevice(s string) (Device, error) {
	switch d := Device(s); d {
	case "":
		return Auto, nil
	case Auto, CPU, CUDA:
		return d, nil
	}
	return "", neckfrac.Errorf(neckfrac.Invalid, "device", "want auto, cpu or cuda")
}

// maxCUDABytes bounds the arena on the GPU: the full-size graphs need a quarter of it
// at a batch of 32.
const maxCUDABytes = 4 << 30

// cudaOptions are those of ONNX Runtime's CUDA provider.
func cudaOptions() map[string]string {
	return map[string]string{
		"device_id":             "0",
		"gpu_mem_limit":         strconv.Itoa(maxCUDABytes),
		"arena_extend_strategy": "kSameAsRequested",
		// Sizes differ from study to study: an exhaustive search would run for each.
		"cudnn_conv_algo_search": "HEURISTIC",
		// TF32 has ten bits of mantissa: answers would differ from a CPU's by more than
		// models.SelfTestTolerance.
		"use_tf32": "0",
	}
}

// choose settles on CPU or CUDA. The library must be loaded. The error is Unavailable
// and says in one line what is missing.
func (d Device) choose() (Device, error) {
	switch d {
	case CPU:
		return CPU, nil
	case CUDA:
		if err := cudaAvailable("/dev"); err != nil {
			return "", err
		}
		return CUDA, nil
	}
	if cudaAvailable("/dev") != nil {
		return CPU, nil
	}
	return CUDA, nil
}

// cudaAvailable looks for a device first: to load the provider costs a second and
// hundreds of megabytes.
func cudaAvailable(dev string) error {
	const op = "device cuda"
	if found, err := filepath.Glob(filepath.Join(dev, "nvidia[0-9]*")); err != nil || len(found) == 0 {
		if _, err := os.Stat(filepath.Join(dev, "dxg")); err != nil { // the device of WSL
			return neckfrac.Errorf(neckfrac.Unavailable, op, "no NVIDIA device on this machine; set models.device to cpu or auto")
		}
	}
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return neckfrac.E(op, err)
	}
	o := count(opts, &handles.options)
	defer o.Destroy()
	if err := appendCUDA(opts); err != nil {
		why, _, _ := strings.Cut(err.Error(), "\n")
		return neckfrac.Errorf(neckfrac.Unavailable, op, "no CUDA provider loads (%s); install the onnxruntime-gpu library or set models.device to cpu", why)
	}
	return nil
}

// appendCUDA adds the provider to the options of a session.
func appendCUDA(opts *ort.SessionOptions) error {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	c := count(cuda, &handles.options)
	defer c.Destroy()
	if err := cuda.Update(cudaOptions()); err != nil {
		return err
	}
	return opts.AppendExecutionProviderCUDA(cuda)
}
