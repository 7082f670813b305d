package main

import (
	"crypto/tls"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet"
)

// SendTLS are the flags of an association over TLS.
type SendTLS struct {
	TLS     bool   `help:"Associate over TLS; any flag below asks for it too."`
	TLSCA   string `name:"tls-ca" help:"Authorities that may sign the peer's certificate (PEM); without it the system's." placeholder:"FILE"`
	TLSCert string `name:"tls-cert" help:"Our certificate (PEM)." placeholder:"FILE"`
	TLSKey  string `name:"tls-key" help:"Its private key (PEM), mode 0600." placeholder:"FILE"`
}

// config is nil for a plain association: a certificate given without --tls must not
// send patients' images in the clear.
func (f SendTLS) config() (*tls.Config, error) {
	if f == (SendTLS{}) {
		return nil, nil
	}
	profile, err := dicomnet.NewClientTLS(dicomnet.TLSConfig{CertFile: f.TLSCert, KeyFile: f.TLSKey, CAFile: f.TLSCA})
	if err != nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "send", "%v", err)
	}
	return profile.Config(), nil
}

// listener is what a peer's own association to us is accepted with, nil for a plain one:
// a report must not come in the clear where the images went over TLS.
func (f SendTLS) listener() (*tls.Config, error) {
	if f == (SendTLS{}) {
		return nil, nil
	}
	profile, err := dicomnet.NewServerTLS(dicomnet.TLSConfig{CertFile: f.TLSCert, KeyFile: f.TLSKey, CAFile: f.TLSCA})
	if err != nil {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "send", "--commit-listen over TLS needs --tls-ca, --tls-cert and --tls-key: %v", err)
	}
	return profile.Config(), nil
}
