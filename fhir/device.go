package fhir

import (
	"github.com/neckfrac/neckfrac"

	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	dvpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/device_go_proto"
)

// Device is a model pack. Another pack is another Device, so that old reports keep
// the one they were made with. It is false for a pack without a digest.
func Device(s Site, p neckfrac.PackID) (Resource, bool) {
	did := deviceID(p)
	if did == "" {
		return Resource{}, false
	}
	texts := []string{neckfrac.LimitsText}
	if p.Domain == neckfrac.DomainSynthetic {
		texts = append(texts, neckfrac.SyntheticPack)
	}
	texts = append(texts, neckfrac.ResearchUse)
	return newResource("Device", &dvpb.Device{
		Id:           id(did),
		Meta:         &dpb.Meta{VersionId: id("1")},
		Identifier:   []*dpb.Identifier{identifier(systemPack, p.Digest)},
		Status:       &dvpb.Device_StatusCode{Value: cpb.FHIRDeviceStatusCode_ACTIVE},
		Manufacturer: str("NeckFrac"),
		DeviceName: []*dvpb.Device_DeviceName{{
			Name: str("NeckFrac model pack " + p.ID),
			Type: &dvpb.Device_DeviceName_TypeCode{Value: cpb.DeviceNameTypeCode_MODEL_NAME},
		}},
		Type: conceptText("Machine-learning software for CT of the cervical spine"),
		Version: []*dvpb.Device_Version{
			{Type: conceptText("pack version"), Value: str(p.Version)},
			{Type: conceptText("SHA-256 of the pack's manifest"), Value: str(p.Digest)},
			{Type: conceptText("training domain"), Value: str(string(p.Domain))},
		},
		Owner: reference(organizationRef),
		Note:  notes(texts...),
	}), true
}
