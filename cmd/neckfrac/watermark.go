package main

import (
	"context"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// congested is (2,3,1), temporary congestion (PS3.8 Table 9-21): senders try again later.
var congested = &dicomnet.RejectError{Result: pdu.RejectedTransient, Source: pdu.SourceProviderPresentation, Reason: pdu.PresentationTemporaryCongestion}

// admitWithRoom turns associations away while there is no room for an object, before
// their first one has crossed the network; what is on its way then gets A700.
func admitWithRoom(room func() error, next func(context.Context, dicomnet.AssociationInfo) error) func(context.Context, dicomnet.AssociationInfo) error {
	return func(ctx context.Context, info dicomnet.AssociationInfo) error {
		if err := next(ctx, info); err != nil {
			return err
		}
		if room() != nil {
			return congested
		}
		return nil
	}
}
