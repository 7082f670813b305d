package fhir

import (
	"github.com/neckfrac/neckfrac"

	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	mpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/media_go_proto"
)

// Media are the key images that the profile lets out; none in triage. The bytes are
// the Binary of the same id.
func Media(v View) []Resource {
	var out []Resource
	for _, a := range v.keyImages() {
		out = append(out, v.media(a))
	}
	return out
}

func (v View) media(a neckfrac.Artefact) Resource {
	z := v.Site.zone()
	m := &mpb.Media{
		Id:      id(string(a.ID)),
		Meta:    v.meta(),
		PartOf:  []*dpb.Reference{reference(v.studyRef())},
		Status:  &mpb.Media_StatusCode{Value: cpb.EventStatusCode_COMPLETED},
		Type:    concept(codeImage),
		Subject: v.subject(),
		Created: &mpb.Media_CreatedX{Choice: &mpb.Media_CreatedX_DateTime{DateTime: dateTime(v.Assessment.Created, z)}},
		Issued:  instant(v.Assessment.Created, z),
		Content: &dpb.Attachment{
			ContentType: &dpb.Attachment_ContentTypeCode{Value: a.ContentType},
			Url:         &dpb.Url{Value: "Binary/" + string(a.ID)},
			Title:       str(neckfrac.PreviewCaption),
		},
		Note: notes(v.standing()...),
	}
	if a.Blob.Size > 0 {
		m.Content.Size = count(int(a.Blob.Size))
	}
	if a.Plane != "" {
		m.View = conceptText(string(a.Plane))
	}
	if a.Vertebra.Valid() {
		m.BodySite = concept(a.Vertebra.Code())
	}
	if d := deviceID(v.Assessment.Pack); d != "" {
		m.Device = reference("Device/" + d)
	}
	return newResource("Media", m)
}
