package main

import (
	"net"
	"net/url"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// Ways in which a source may be asked.
const (
	methodGet  = "c-get"
	methodMove = "c-move"
	methodWADO = "wado-rs"
)

// SourceConfig is an archive that announced studies are fetched from. Nothing is ever
// fetched from an address that a message names.
type SourceConfig struct {
	// AE is the Retrieve AE Title of notifications, and whom we call.
	AE string `koanf:"ae"`
	// Addr is host:port of the AE, for c-get and c-move.
	Addr string `koanf:"addr"`
	// TLS is "required", with our certificate and authorities of dicom.tls, or "off".
	TLS string `koanf:"tls"`
	// Method is c-get, c-move (the source sends to our own AE) or wado-rs.
	Method string `koanf:"method"`
	// URL is the DICOMweb service, for wado-rs.
	URL string `koanf:"url"`
	// Issuer stands in where the objects name no issuer of the patient's ID.
	Issuer string `koanf:"issuer"`
}

// validateSources checks what is fetched from where.
func (c Config) validateSources() error {
	seen := map[string]bool{}
	for _, s := range c.DICOM.Sources {
		if _, err := neckfrac.ParseAETitle(s.AE); err != nil || seen[s.AE] {
			return configErr("dicom.sources.ae", "want 1 to 16 characters, once")
		}
		seen[s.AE] = true
		if s.TLS != "required" && s.TLS != "off" {
			return configErr("dicom.sources.tls", "want required, or \"off\", stated on purpose")
		}
		var err error
		switch s.Method {
		case methodGet, methodMove:
			err = c.validateSourceAddr(s)
		case methodWADO:
			err = s.validateURL()
		default:
			err = configErr("dicom.sources.method", "want c-get, c-move or wado-rs")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c Config) validateSourceAddr(s SourceConfig) error {
	if _, port, err := net.SplitHostPort(s.Addr); err != nil || port == "" {
		return configErr("dicom.sources.addr", "c-get and c-move want host:port, where the source listens")
	}
	if s.URL != "" {
		return configErr("dicom.sources.url", "is for method: wado-rs")
	}
	if s.Method == methodMove && len(c.DICOM.Peers) > 0 && !slices.ContainsFunc(c.DICOM.Peers, func(p PeerConfig) bool { return p.AE == s.AE }) {
		return configErr("dicom.sources.method", "with c-move the source sends to us, so it needs a row in dicom.peers")
	}
	return nil
}

func (s SourceConfig) validateURL() error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return configErr("dicom.sources.url", "wado-rs wants the address of the service, such as https://pacs.example.org/dicom-web")
	}
	if want := map[string]string{"required": "https", "off": "http"}[s.TLS]; u.Scheme != want {
		return configErr("dicom.sources.url", "tls: required goes with https, tls: \"off\" with http")
	}
	if s.Addr != "" {
		return configErr("dicom.sources.addr", "is for c-get and c-move")
	}
	return nil
}

// sourceTitles are the AE titles of the sources.
func (c Config) sourceTitles() (out []neckfrac.AETitle) {
	for _, s := range c.DICOM.Sources {
		out = append(out, neckfrac.AETitle(s.AE))
	}
	return out
}
