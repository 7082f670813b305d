package dataset

// UIDs of SOP classes (PS3.6 Table A-1) and of the application context.
const (
	ApplicationContext = "1.2.840.10008.3.1.1.1"

	Verification                     = "1.2.840.10008.1.1"
	StorageCommitmentPushModel       = "1.2.840.10008.1.20.1"
	StorageCommitmentPushInstance    = "1.2.840.10008.1.20.1.1"
	InstanceAvailabilityNotification = "1.2.840.10008.5.1.4.33"

	CTImageStorage                          = "1.2.840.10008.5.1.4.1.1.2"
	EnhancedCTImageStorage                  = "1.2.840.10008.5.1.4.1.1.2.1"
	LegacyConvertedEnhancedCTImageStorage   = "1.2.840.10008.5.1.4.1.1.2.2"
	MRImageStorage                          = "1.2.840.10008.5.1.4.1.1.4"
	SecondaryCaptureImageStorage            = "1.2.840.10008.5.1.4.1.1.7"
	MultiFrameSingleBitSecondaryCapture     = "1.2.840.10008.5.1.4.1.1.7.1"
	MultiFrameGrayscaleByteSecondaryCapture = "1.2.840.10008.5.1.4.1.1.7.2"
	MultiFrameGrayscaleWordSecondaryCapture = "1.2.840.10008.5.1.4.1.1.7.3"
	MultiFrameTrueColorSecondaryCapture     = "1.2.840.10008.5.1.4.1.1.7.4"
	GrayscaleSoftcopyPresentationState      = "1.2.840.10008.5.1.4.1.1.11.1"
	DigitalXRayPresentation                 = "1.2.840.10008.5.1.4.1.1.1.1"
	SegmentationStorage                     = "1.2.840.10008.5.1.4.1.1.66.4"
	BasicTextSRStorage                      = "1.2.840.10008.5.1.4.1.1.88.11"
	EnhancedSRStorage                       = "1.2.840.10008.5.1.4.1.1.88.22"
	ComprehensiveSRStorage                  = "1.2.840.10008.5.1.4.1.1.88.33"
	Comprehensive3DSRStorage                = "1.2.840.10008.5.1.4.1.1.88.34"
	KeyObjectSelectionStorage               = "1.2.840.10008.5.1.4.1.1.88.59"
	XRayRadiationDoseSRStorage              = "1.2.840.10008.5.1.4.1.1.88.67"
	EncapsulatedPDFStorage                  = "1.2.840.10008.5.1.4.1.1.104.1"

	PatientRootQueryFind = "1.2.840.10008.5.1.4.1.2.1.1"
	PatientRootQueryMove = "1.2.840.10008.5.1.4.1.2.1.2"
	PatientRootQueryGet  = "1.2.840.10008.5.1.4.1.2.1.3"
	StudyRootQueryFind   = "1.2.840.10008.5.1.4.1.2.2.1"
	StudyRootQueryMove   = "1.2.840.10008.5.1.4.1.2.2.2"
	StudyRootQueryGet    = "1.2.840.10008.5.1.4.1.2.2.3"
)

var sopClassNames = map[string]string{
	Verification:                            "Verification SOP Class",
	StorageCommitmentPushModel:              "Storage Commitment Push Model SOP Class",
	InstanceAvailabilityNotification:        "Instance Availability Notification SOP Class",
	CTImageStorage:                          "CT Image Storage",
	EnhancedCTImageStorage:                  "Enhanced CT Image Storage",
	LegacyConvertedEnhancedCTImageStorage:   "Legacy Converted Enhanced CT Image Storage",
	MRImageStorage:                          "MR Image Storage",
	SecondaryCaptureImageStorage:            "Secondary Capture Image Storage",
	MultiFrameSingleBitSecondaryCapture:     "Multi-frame Single Bit Secondary Capture Image Storage",
	MultiFrameGrayscaleByteSecondaryCapture: "Multi-frame Grayscale Byte Secondary Capture Image Storage",
	MultiFrameGrayscaleWordSecondaryCapture: "Multi-frame Grayscale Word Secondary Capture Image Storage",
	MultiFrameTrueColorSecondaryCapture:     "Multi-frame True Color Secondary Capture Image Storage",
	GrayscaleSoftcopyPresentationState:      "Grayscale Softcopy Presentation State Storage",
	DigitalXRayPresentation:                 "Digital X-Ray Image Storage - For Presentation",
	SegmentationStorage:                     "Segmentation Storage",
	BasicTextSRStorage:                      "Basic Text SR Storage",
	EnhancedSRStorage:                       "Enhanced SR Storage",
	ComprehensiveSRStorage:                  "Comprehensive SR Storage",
	Comprehensive3DSRStorage:                "Comprehensive 3D SR Storage",
	KeyObjectSelectionStorage:               "Key Object Selection Document Storage",
	XRayRadiationDoseSRStorage:              "X-Ray Radiation Dose SR Storage",
	EncapsulatedPDFStorage:                  "Encapsulated PDF Storage",
	PatientRootQueryFind:                    "Patient Root Query/Retrieve Information Model - FIND",
	PatientRootQueryMove:                    "Patient Root Query/Retrieve Information Model - MOVE",
	PatientRootQueryGet:                     "Patient Root Query/Retrieve Information Model - GET",
	StudyRootQueryFind:                      "Study Root Query/Retrieve Information Model - FIND",
	StudyRootQueryMove:                      "Study Root Query/Retrieve Information Model - MOVE",
	StudyRootQueryGet:                       "Study Root Query/Retrieve Information Model - GET",
}

// SOPClassName returns the name of PS3.6 Table A-1 for a SOP class UID that
// this package has a constant for.
func SOPClassName(uid string) (string, bool) {
	name, ok := sopClassNames[uid]
	return name, ok
}
