package dataset

import (
	"encoding/binary"
	"fmt"
	"io"
)

// EncodePart10 writes a DICOM file: an all-zero preamble, the file meta
// information of m with its group length, and ds in m.TransferSyntaxUID. The
// three UIDs of m and its implementation class UID must be valid; group 0002
// in ds is an error.
func EncodePart10(w io.Writer, m Meta, ds Dataset) error {
	ts, known := LookupTransferSyntax(m.TransferSyntaxUID)
	if !known {
		return fmt.Errorf("dataset: encode part 10: %w", ErrUnsupported)
	}
	if err := WriteMeta(w, m); err != nil {
		return err
	}
	for _, e := range ds {
		if e.Tag.Group() <= 0x0002 {
			return fmt.Errorf("dataset: encode part 10: tag %v: not of a data set: %w", e.Tag, ErrSyntax)
		}
	}
	return Encode(w, ts, ds)
}

// WriteMeta writes the preamble and the file meta information only, for a
// receiver that copies the bytes of a data set behind it unchanged. The
// transfer syntax need not be known to this package.
func WriteMeta(w io.Writer, m Meta) error {
	for _, uid := range []string{m.TransferSyntaxUID, m.SOPClassUID, m.SOPInstanceUID, m.ImplementationClassUID} {
		if !ValidUID(uid) {
			return fmt.Errorf("dataset: write meta: UID: %w", ErrSyntax)
		}
	}
	group := Dataset{
		NewBytes(TagFileMetaInformationVersion, OB, []byte{0, 1}),
		NewText(TagMediaStorageSOPClassUID, m.SOPClassUID),
		NewText(TagMediaStorageSOPInstanceUID, m.SOPInstanceUID),
		NewText(TagTransferSyntaxUID, m.TransferSyntaxUID),
		NewText(TagImplementationClassUID, m.ImplementationClassUID),
	}
	if m.ImplementationVersionName != "" {
		group = append(group, NewText(TagImplementationVersionName, m.ImplementationVersionName))
	}
	if m.SourceAETitle != "" {
		group = append(group, NewText(TagSourceApplicationEntityTitle, m.SourceAETitle))
	}
	var body sliceWriter
	if err := (&encoder{}).dataset(&body, group, 0); err != nil {
		return fmt.Errorf("dataset: write meta: %w", err)
	}
	out := make([]byte, preambleBytes, preambleBytes+16+len(body))
	out = append(out, "DICM"...)
	out = appendTag(out, TagFileMetaInformationGroupLength)
	out = append(out, "UL\x04\x00"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(body)))
	out = append(out, body...)
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("dataset: write meta: %w", err)
	}
	return nil
}
