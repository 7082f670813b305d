package onnx

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
)

const (
	// LibraryEnv names the variable that holds the library's path.
	LibraryEnv = "NECKFRAC_ORT"
	// leastVersion is the oldest ONNX Runtime with the C API that the binding calls.
	leastVersion = "1.24"
	// maxArenaBytes bounds the memory that all runs of the process share on the CPU, on
	// top of the weights. Two runs of the full-size segmenter at a time need half of it;
	// a run that finds no more fails.
	maxArenaBytes = 768 << 20
)

// libraryName is the file name of the shared library.
func libraryName() string {
	switch runtime.GOOS {
	case "darwin":
		return "libonnxruntime.dylib"
	case "windows":
		return "onnxruntime.dll"
	default:
		return "libonnxruntime.so"
	}
}

// FindLibrary gives the path of the ONNX Runtime library: the stated one, else
// NECKFRAC_ORT, else the first that exists beside the program, in its lib folder and
// in the system's library folders. A path that is stated must exist. The error is
// Unavailable and names what was tried.
func FindLibrary(stated string) (string, error) {
	if stated == "" {
		stated = os.Getenv(LibraryEnv)
	}
	if stated != "" {
		if _, err := os.Stat(stated); err != nil {
			return "", notFound([]string{stated})
		}
		return stated, nil
	}
	tried := searchPath()
	for _, p := range tried {
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			return p, nil
		}
	}
	return "", notFound(tried)
}

func searchPath() []string {
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		d := filepath.Dir(exe)
		dirs = append(dirs, d, filepath.Join(d, "lib"))
	}
	dirs = append(dirs, "/usr/local/lib", "/usr/lib", "/usr/lib/"+triplet(), "/usr/lib64")
	var out []string
	for _, d := range dirs {
		out = append(out, filepath.Join(d, libraryName()))
	}
	return out
}

func triplet() string {
	if runtime.GOARCH == "arm64" {
		return "aarch64-linux-gnu"
	}
	return "x86_64-linux-gnu"
}

func notFound(tried []string) error {
	return neckfrac.Errorf(neckfrac.Unavailable, "onnx runtime", "library %s or newer not found; tried %s; `make setup` fetches it, --onnxruntime-lib or %s names it",
		leastVersion, strings.Join(tried, ", "), LibraryEnv)
}

// library is the one ONNX Runtime of the process: the C library can be loaded once.
var library struct {
	sync.Mutex
	path, version string
}

// Load loads the library; loading the same one again does nothing. It returns the
// library's version. A second library is a Conflict, one that is too old or no ONNX
// Runtime is Unavailable.
func Load(path string) (version string, err error) {
	library.Lock()
	defer library.Unlock()
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", neckfrac.E("onnx runtime", err)
	}
	if library.path == abs {
		return library.version, nil
	}
	if library.path != "" {
		return "", neckfrac.Errorf(neckfrac.Conflict, "onnx runtime", "another library is loaded")
	}
	ort.SetSharedLibraryPath(abs)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return "", neckfrac.Wrap(neckfrac.Unavailable, "onnx runtime", fmt.Errorf("%s or newer is needed: %w", leastVersion, err))
	}
	v := ort.GetVersion()
	if models.Older(v, leastVersion) {
		return "", neckfrac.Errorf(neckfrac.Unavailable, "onnx runtime", "version %s found, %s or newer is needed", v, leastVersion)
	}
	if err := shareArena(); err != nil {
		return "", neckfrac.Wrap(neckfrac.Unavailable, "onnx runtime", err)
	}
	library.path, library.version = abs, v
	return v, nil
}

// shareArena makes one bounded arena for the sessions of this process: by default each
// has its own, which grows to its own peak and never shrinks.
func shareArena() error {
	const sameAsRequested, libraryDefault = 1, -1
	info, err := ort.GetMemoryInfo()
	if err != nil {
		return err
	}
	cfg, err := ort.NewArenaCfg(maxArenaBytes, sameAsRequested, libraryDefault, libraryDefault)
	if err != nil {
		return err
	}
	defer cfg.Destroy()
	return ort.CreateAndRegisterAllocator(info, cfg)
}
