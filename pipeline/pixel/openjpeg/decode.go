//go:build (linux || darwin) && (amd64 || arm64)

package openjpeg

import (
	"errors"
	"unsafe"
)

// Available returns the version of the library that will decode, or why none will.
func Available() (version string, err error) {
	l, err := load()
	if err != nil {
		return "", err
	}
	return l.version, nil
}

// HighThroughput reports whether the library decodes high-throughput JPEG 2000 too, which
// it does safely from version 2.5.1 on.
func HighThroughput() bool {
	l, err := load()
	return err == nil && l.high
}

// Decode decodes a codestream of rows×cols samples into dst, which has that length. A
// sample is cut to 16 bits; if the codestream is signed, its sign fills them. On an error
// dst is undefined. Errors of the codestream are ErrCodestream.
func Decode(dst []uint16, codestream []byte, rows, cols int) (Info, error) {
	l, err := load()
	if err != nil {
		return Info{}, err
	}
	if rows <= 0 || cols <= 0 || int64(len(dst)) != int64(rows)*int64(cols) {
		return Info{}, errors.New("openjpeg: size of the image")
	}
	info, err := Inspect(codestream, rows, cols)
	if err != nil {
		return Info{}, err
	}
	if info.HighThroughput && !l.high {
		return Info{}, fault("high throughput needs libopenjp2 2.5.1")
	}
	return info, l.run(dst, codestream, rows, cols, info)
}

// codecJ2K is OPJ_CODEC_J2K, a codestream without boxes.
const codecJ2K = 0

// maxBuffer is how much the library asks for at once; a slice of CT comes in one piece.
const maxBuffer = 1 << 20

// run hands a codestream that passed the walk to the library.
func (l *library) run(dst []uint16, codestream []byte, rows, cols int, info Info) error {
	handle, closeSource := openSource(codestream)
	defer closeSource()
	stream := l.newStream(uintptr(min(len(codestream), maxBuffer)), 1)
	if stream == 0 {
		return errors.New("openjpeg: no stream")
	}
	defer l.freeStream(stream)
	l.streamRead(stream, l.read)
	l.streamSkip(stream, l.skip)
	l.streamSeek(stream, l.seek)
	l.streamUserData(stream, handle, 0)
	l.streamLength(stream, uint64(len(codestream)))
	codec := l.newDecoder(codecJ2K)
	if codec == 0 {
		return errors.New("openjpeg: no decoder")
	}
	defer l.freeDecoder(codec)
	parameters := make([]byte, parameterBytes)
	l.defaults(&parameters[0])
	// Without a word the library starts as many threads as OPJ_NUM_THREADS says.
	if l.setUp(codec, &parameters[0]) == 0 || l.threads(codec, 0) == 0 || l.strict != nil && l.strict(codec, 1) == 0 {
		return errors.New("openjpeg: decoder is not set up")
	}
	img := new(*image)
	ok := l.readHeader(stream, codec, img) != 0
	defer func() {
		if *img != nil {
			l.freeImage(*img)
		}
	}()
	if !ok || !(*img).agrees(rows, cols, info) {
		return fault("library refuses the header")
	}
	if l.decode(codec, stream, *img) == 0 || l.endDecode(codec, stream) == 0 {
		return fault("library refuses the data")
	}
	if !(*img).agrees(rows, cols, info) || (*img).comps.data == nil {
		return fault("library gives another image")
	}
	for i, v := range unsafe.Slice((*img).comps.data, len(dst)) {
		dst[i] = uint16(v)
	}
	return nil
}

// agrees compares what the library found with what the walk did, before a length of the
// library is believed.
func (i *image) agrees(rows, cols int, info Info) bool {
	if i == nil || i.numComps != 1 || i.comps == nil {
		return false
	}
	c := i.comps
	return i.x0|i.y0|c.x0|c.y0 == 0 && i.x1 == uint32(cols) && i.y1 == uint32(rows) &&
		c.w == uint32(cols) && c.h == uint32(rows) && c.dx == 1 && c.dy == 1 && c.factor == 0 &&
		c.prec == uint32(info.Bits) && (c.signed != 0) == info.Signed
}
