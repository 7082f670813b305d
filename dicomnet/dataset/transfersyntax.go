package dataset

// TransferSyntax says how a data set is encoded (PS3.5 §10, PS3.6 Table A-1).
type TransferSyntax struct {
	UID  string
	Name string
	// Implicit means that elements carry no VR.
	Implicit bool
	// BigEndian means explicit VR big endian, retired.
	BigEndian bool
	// Encapsulated means that pixel data come as fragments.
	Encapsulated bool
	// Deflated means that the whole data set is one raw deflate stream.
	Deflated bool
	// Lossy means that the codec may not give back the original pixels. False
	// for codecs that cannot lose anything in this syntax.
	Lossy bool
}

// UIDs of transfer syntaxes.
const (
	ImplicitVRLittleEndian         = "1.2.840.10008.1.2"
	ExplicitVRLittleEndian         = "1.2.840.10008.1.2.1"
	DeflatedExplicitVRLittleEndian = "1.2.840.10008.1.2.1.99"
	ExplicitVRBigEndian            = "1.2.840.10008.1.2.2"
	JPEGBaseline8Bit               = "1.2.840.10008.1.2.4.50"
	JPEGExtended12Bit              = "1.2.840.10008.1.2.4.51"
	JPEGLossless                   = "1.2.840.10008.1.2.4.57"
	JPEGLosslessSV1                = "1.2.840.10008.1.2.4.70"
	JPEGLSLossless                 = "1.2.840.10008.1.2.4.80"
	JPEGLSNearLossless             = "1.2.840.10008.1.2.4.81"
	JPEG2000Lossless               = "1.2.840.10008.1.2.4.90"
	JPEG2000                       = "1.2.840.10008.1.2.4.91"
	HTJ2KLossless                  = "1.2.840.10008.1.2.4.201"
	HTJ2KLosslessRPCL              = "1.2.840.10008.1.2.4.202"
	HTJ2K                          = "1.2.840.10008.1.2.4.203"
	RLELossless                    = "1.2.840.10008.1.2.5"
)

var transferSyntaxes = []TransferSyntax{
	{UID: ImplicitVRLittleEndian, Name: "Implicit VR Little Endian", Implicit: true},
	{UID: ExplicitVRLittleEndian, Name: "Explicit VR Little Endian"},
	{UID: DeflatedExplicitVRLittleEndian, Name: "Deflated Explicit VR Little Endian", Deflated: true},
	{UID: ExplicitVRBigEndian, Name: "Explicit VR Big Endian", BigEndian: true},
	{UID: JPEGBaseline8Bit, Name: "JPEG Baseline (Process 1)", Encapsulated: true, Lossy: true},
	{UID: JPEGExtended12Bit, Name: "JPEG Extended (Process 2 & 4)", Encapsulated: true, Lossy: true},
	{UID: JPEGLossless, Name: "JPEG Lossless, Non-Hierarchical (Process 14)", Encapsulated: true},
	{UID: JPEGLosslessSV1, Name: "JPEG Lossless, Non-Hierarchical, First-Order Prediction", Encapsulated: true},
	{UID: JPEGLSLossless, Name: "JPEG-LS Lossless", Encapsulated: true},
	{UID: JPEGLSNearLossless, Name: "JPEG-LS Lossy (Near-Lossless)", Encapsulated: true, Lossy: true},
	{UID: JPEG2000Lossless, Name: "JPEG 2000 (Lossless Only)", Encapsulated: true},
	{UID: JPEG2000, Name: "JPEG 2000", Encapsulated: true, Lossy: true},
	{UID: HTJ2KLossless, Name: "High-Throughput JPEG 2000 (Lossless Only)", Encapsulated: true},
	{UID: HTJ2KLosslessRPCL, Name: "High-Throughput JPEG 2000 with RPCL Options (Lossless Only)", Encapsulated: true},
	{UID: HTJ2K, Name: "High-Throughput JPEG 2000", Encapsulated: true, Lossy: true},
	{UID: RLELossless, Name: "RLE Lossless", Encapsulated: true},
}

// TransferSyntaxes returns all known transfer syntaxes, in UID table order.
func TransferSyntaxes() []TransferSyntax {
	return append([]TransferSyntax(nil), transferSyntaxes...)
}

// LookupTransferSyntax finds a transfer syntax by its UID.
func LookupTransferSyntax(uid string) (TransferSyntax, bool) {
	for _, ts := range transferSyntaxes {
		if ts.UID == uid {
			return ts, true
		}
	}
	return TransferSyntax{}, false
}
