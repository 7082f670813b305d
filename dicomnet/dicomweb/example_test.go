package dicomweb_test

import (
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// The handler serves whatever implements Backend.
func ExampleNew() {
	h, err := dicomweb.New(newFake(), dicomweb.Config{BaseURL: "https://pacs.example.org"})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/studies/1.2.3", nil))
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	// Output: 404 Not Found
}

func ExampleAppendJSON() {
	ds := dataset.Dataset{dataset.NewText(dataset.TagModality, "CT"), dataset.NewInt(dataset.TagRows, 512)}
	fmt.Println(string(dicomweb.AppendJSON(nil, ds, dicomweb.JSONOptions{})))
	// Output: {"00080060":{"vr":"CS","Value":["CT"]},"00280010":{"vr":"US","Value":[512]}}
}

func ExampleDecodeJSON() {
	doc := `[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"DOE^J"}]}}]`
	err := dicomweb.DecodeJSON(strings.NewReader(doc), dicomweb.JSONLimits{}, func(o dicomweb.Object) error {
		name, _ := o.Dataset.Text(dataset.TagPatientName)
		fmt.Println(name)
		return nil
	})
	fmt.Println(err)
	// Output:
	// DOE^J
	// <nil>
}
