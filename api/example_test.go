package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/api"
)

// The worklist as a script reads it.
func ExampleNew() {
	l := &ledger{}
	l.add(study("flagged", -4*time.Minute, neckfrac.StudyAssessed), neckfrac.JobAssessed, flagged(neckfrac.Reading))
	s, err := api.New(api.Config{
		Records: l, Blobs: store{}, Profile: neckfrac.Reading, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return now },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	srv := httptest.NewServer(s.Handler()) // in service: api.NewHTTPServer on a listener
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL + "/api/v1/studies?limit=10")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var list api.Worklist
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range list.Studies {
		fmt.Println(row.State, row.Grade, row.Sentence)
	}
	// Output: flagged high AI flag: possible fracture, C5. Read status not known to NeckFrac.
}
