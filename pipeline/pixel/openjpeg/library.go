//go:build (linux || darwin) && (amd64 || arm64)

package openjpeg

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// The structures of openjpeg.h that are read here. They are the same in 2.4 and 2.5 on
// all 64-bit systems, where Go lays them out as C does; no other version is used.
type (
	image struct {
		x0, y0, x1, y1 uint32
		numComps       uint32
		_              int32 // colour space
		comps          *component
		_              *byte // ICC profile
		_              uint32
	}
	component struct {
		dx, dy, w, h, x0, y0 uint32
		prec, _, signed      uint32
		_, factor            uint32
		data                 *int32
		_                    uint16 // alpha
	}
)

// parameterBytes is more than opj_dparameters_t takes, 8252 bytes in 2.5. The library
// fills it with its defaults and reads it back; nothing of it is touched here.
const parameterBytes = 16 << 10

// library holds the functions of libopenjp2 that are called. Booleans are C's int.
type library struct {
	version string
	high    bool // 2.5: block coder of high throughput, strict mode

	newDecoder     func(format int32) uintptr
	freeDecoder    func(codec uintptr)
	defaults       func(parameters *byte)
	setUp          func(codec uintptr, parameters *byte) int32
	threads        func(codec uintptr, n int32) int32
	strict         func(codec uintptr, on int32) int32
	newStream      func(buffer uintptr, input int32) uintptr
	freeStream     func(stream uintptr)
	streamRead     func(stream, callback uintptr)
	streamSkip     func(stream, callback uintptr)
	streamSeek     func(stream, callback uintptr)
	streamUserData func(stream, handle, free uintptr)
	streamLength   func(stream uintptr, n uint64)
	readHeader     func(stream, codec uintptr, img **image) int32
	decode         func(codec, stream uintptr, img *image) int32
	endDecode      func(codec, stream uintptr) int32
	freeImage      func(img *image)

	read, skip, seek uintptr // our callbacks
}

// names are where a system keeps the library; the loader knows its folders.
func names() []string {
	if runtime.GOOS == "darwin" {
		return []string{"libopenjp2.7.dylib", "/opt/homebrew/lib/libopenjp2.7.dylib", "/usr/local/lib/libopenjp2.7.dylib"}
	}
	return []string{"libopenjp2.so.7"}
}

var load = sync.OnceValues(func() (*library, error) {
	var handle uintptr
	err := errors.New("openjpeg: no library")
	for _, name := range names() {
		if handle, err = purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL); err == nil {
			break
		}
	}
	if err != nil {
		return nil, errors.New("openjpeg: libopenjp2 is not installed")
	}
	l := &library{}
	var version func() string
	if err := bind(handle, map[string]any{"opj_version": &version}); err != nil {
		return nil, err
	}
	l.version = version()
	if l.high, err = known(l.version); err != nil {
		return nil, err
	}
	if err := bind(handle, l.functions()); err != nil {
		return nil, err
	}
	l.read, l.skip, l.seek = purego.NewCallback(streamRead), purego.NewCallback(streamSkip), purego.NewCallback(streamSeek)
	return l, nil
})

// known says whether the structures of a version are those above and whether it has the
// high-throughput decoder.
func known(version string) (high bool, err error) {
	switch {
	case unsafe.Sizeof(uintptr(0)) != 8 || unsafe.Offsetof(component{}.data) != 48 || unsafe.Offsetof(image{}.comps) != 24:
		return false, errors.New("openjpeg: layout of structures on this system")
	case version == "2.5.0", strings.HasPrefix(version, "2.4."):
		// 2.5.0 writes past a buffer and fails an assertion on damaged data of the new block
		// coder; 2.4 does not know it.
		return false, nil
	case strings.HasPrefix(version, "2.5."):
		return true, nil
	}
	return false, errors.New("openjpeg: libopenjp2 is neither 2.4 nor 2.5")
}

func (l *library) functions() map[string]any {
	all := map[string]any{
		"opj_create_decompress": &l.newDecoder, "opj_destroy_codec": &l.freeDecoder,
		"opj_set_default_decoder_parameters": &l.defaults, "opj_setup_decoder": &l.setUp,
		"opj_codec_set_threads": &l.threads,
		"opj_stream_create":     &l.newStream, "opj_stream_destroy": &l.freeStream,
		"opj_stream_set_read_function": &l.streamRead, "opj_stream_set_skip_function": &l.streamSkip,
		"opj_stream_set_seek_function": &l.streamSeek, "opj_stream_set_user_data": &l.streamUserData,
		"opj_stream_set_user_data_length": &l.streamLength, "opj_read_header": &l.readHeader,
		"opj_decode": &l.decode, "opj_end_decompress": &l.endDecode, "opj_image_destroy": &l.freeImage,
	}
	if strings.HasPrefix(l.version, "2.5.") {
		all["opj_decoder_set_strict_mode"] = &l.strict
	}
	return all
}

// bind sets each function to its symbol.
func bind(handle uintptr, functions map[string]any) error {
	for name, f := range functions {
		at, err := purego.Dlsym(handle, name)
		if err != nil {
			return errors.New("openjpeg: libopenjp2 has no " + name)
		}
		purego.RegisterFunc(f, at)
	}
	return nil
}
