package main

import (
	"net"
	"time"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/onnx"
	"github.com/neckfrac/neckfrac/pipeline"
)

// Config is the whole configuration. Every key can stand in the YAML file, and every
// key that is not a list can be overridden by NECKFRAC_<PATH_WITH_UNDERSCORES>. It is
// read here once; packages get their own structs.
type Config struct {
	DICOM         DICOMConfig         `koanf:"dicom"`
	HTTP          HTTPConfig          `koanf:"http"`
	Admin         AdminConfig         `koanf:"admin"`
	Data          DataConfig          `koanf:"data"`
	Models        ModelsConfig        `koanf:"models"`
	Study         StudyConfig         `koanf:"study"`
	Result        ResultConfig        `koanf:"result"`
	Retention     RetentionConfig     `koanf:"retention"`
	Profile       string              `koanf:"profile"`
	ProfileChange ProfileChangeConfig `koanf:"profile_change"`
	Auth          AuthConfig          `koanf:"auth"`
	Site          SiteConfig          `koanf:"site"`
	CDS           CDSConfig           `koanf:"cds"`
	Identity      []IdentityConfig    `koanf:"identity"`
	Log           LogConfig           `koanf:"log"`
}

// DICOMConfig is the receiver's.
type DICOMConfig struct {
	// Addr is host:port. A bind wider than loopback needs Peers.
	Addr string `koanf:"addr"`
	AET  string `koanf:"aet"`
	// Peers lists who may connect; without it every AE on loopback may.
	Peers []PeerConfig `koanf:"peers"`
	// MaxAssociations bounds concurrent associations; one address may have half of them.
	MaxAssociations int            `koanf:"max_associations"`
	TLS             DICOMTLSConfig `koanf:"tls"`
	// StorageClasses are UIDs that are kept beside those of pipeline/scp's table.
	StorageClasses []string `koanf:"storage_classes"`
	// TransferSyntaxes are words of scp.TransferSyntaxes. Defaults to all: what the worker
	// decodes without loss.
	TransferSyntaxes []string         `koanf:"transfer_syntaxes"`
	Commitment       CommitmentConfig `koanf:"commitment"`
	Requests         RequestsConfig   `koanf:"requests"`
	// Sources are the archives that announced studies are fetched from.
	Sources []SourceConfig `koanf:"sources"`
}

// PeerConfig admits one application entity. The first row of its AE title and address
// decides.
type PeerConfig struct {
	AE   string `koanf:"ae"`
	CIDR string `koanf:"cidr"`
	// Addr is host:port where the peer itself listens, for storage commitment reports.
	Addr string `koanf:"addr"`
	// TLS is "required", then Certificate says which certificates the AE title is bound
	// to, or "off".
	TLS         string   `koanf:"tls"`
	Issuer      string   `koanf:"issuer"`
	Certificate []string `koanf:"certificate"`
}

// HTTPConfig is the API's listener.
type HTTPConfig struct {
	Addr      string `koanf:"addr"`
	PublicURL string `koanf:"public_url"`
}

// AdminConfig is the listener of metrics and health.
type AdminConfig struct {
	Addr string `koanf:"addr"`
}

// DataConfig says where everything is kept.
type DataConfig struct {
	Dir string `koanf:"dir"`
}

// ModelsConfig chooses the model pack.
type ModelsConfig struct {
	// Pack is a directory or .tar; "" is the shipped demonstration pack, "none" is no
	// analysis: every study ends as not analysed (no-pack).
	Pack string `koanf:"pack"`
	// TrustedKeys are files with ed25519 public keys that may sign packs of any domain.
	TrustedKeys []string `koanf:"trusted_keys"`
	// Threads of the runner; 0 takes the CPU quota.
	Threads int `koanf:"threads"`
	// Device is auto, cpu or cuda: auto takes CUDA where the library and a GPU are
	// there, cuda refuses to start without them.
	Device string `koanf:"device"`
}

// StudyConfig says when a study is complete.
type StudyConfig struct {
	// Quiet is the pause after which a study is complete whatever it holds.
	Quiet time.Duration `koanf:"quiet"`
	// Ready is the pause after which a series is complete whose geometry says so; at Quiet
	// or more, geometry settles nothing.
	Ready time.Duration `koanf:"ready"`
}

// ResultConfig says when a result is overdue.
type ResultConfig struct {
	Overdue time.Duration `koanf:"overdue"`
}

// ProfileChangeConfig names who left the research profile, and why (W12).
type ProfileChangeConfig struct {
	By     string `koanf:"by"`
	Reason string `koanf:"reason"`
}

// AuthConfig is the HTTP authentication; off is allowed on loopback only.
type AuthConfig struct {
	Mode string `koanf:"mode"`
}

// SiteConfig is the operating organisation.
type SiteConfig struct {
	Name     string `koanf:"name"`
	Timezone string `koanf:"timezone"`
}

// CDSConfig lists the EHRs that may call the CDS Hooks services.
type CDSConfig struct {
	Clients []CDSClientConfig `koanf:"clients"`
}

// CDSClientConfig is one EHR. Loopback marks the one that unauthenticated calls on
// loopback are taken for.
type CDSClientConfig struct {
	Issuer     string   `koanf:"iss"`
	FHIRServer string   `koanf:"fhir_server"`
	Issuers    []string `koanf:"issuers"`
	Loopback   bool     `koanf:"loopback"`
}

// IdentityConfig is one row of neckfrac.IdentityMap.
type IdentityConfig struct {
	Issuer       string `koanf:"issuer"`
	FHIRSystem   string `koanf:"fhir_system"`
	HL7Authority string `koanf:"hl7_authority"`
	FHIRServer   string `koanf:"fhir_server"`
}

// LogConfig sets the log.
type LogConfig struct {
	Level string `koanf:"level"`
}

// DefaultConfig is what an empty file means.
func DefaultConfig() Config {
	return Config{
		DICOM: DICOMConfig{Addr: "127.0.0.1:11112", AET: "NECKFRAC", MaxAssociations: 32,
			TLS: DICOMTLSConfig{Addr: "127.0.0.1:2762", MinVersion: "1.2", Reload: 10 * time.Second}, Requests: defaultRequests()},
		HTTP:    HTTPConfig{Addr: "127.0.0.1:8080"},
		Admin:   AdminConfig{Addr: "127.0.0.1:9090"},
		Data:    DataConfig{Dir: "./data"},
		Models:  ModelsConfig{Device: string(onnx.Auto)},
		Study:   StudyConfig{Quiet: pipeline.DefaultQuiet, Ready: pipeline.DefaultReady},
		Result:  ResultConfig{Overdue: 10 * time.Minute},
		Profile: string(neckfrac.Research),
		Auth:    AuthConfig{Mode: "off"},
		Site:    SiteConfig{Name: "NeckFrac test site", Timezone: "UTC"},
		Log:     LogConfig{Level: "info"},
	}
}

// Validate refuses what must not start: the checks of contract.md. Each error prints
// what to add.
func (c Config) Validate() error {
	p, err := neckfrac.ParseProfile(c.Profile)
	if err != nil {
		return configErr("profile", "want research, triage or reading")
	}
	if p != neckfrac.Research && (c.ProfileChange.By == "" || c.ProfileChange.Reason == "") {
		return configErr("profile", "leaving research needs a named person and a reason; add:\n  profile_change:\n    by: \"<name>\"\n    reason: \"<why>\"")
	}
	if _, err := neckfrac.ParseAETitle(c.DICOM.AET); err != nil {
		return configErr("dicom.aet", "want 1 to 16 characters")
	}
	if _, err := time.LoadLocation(c.Site.Timezone); err != nil {
		return configErr("site.timezone", "want an IANA name such as Europe/Berlin")
	}
	if c.Auth.Mode != "off" {
		return configErr("auth.mode", "this version serves HTTP on loopback only, without login: want off")
	}
	for key, addr := range map[string]string{"http.addr": c.HTTP.Addr, "admin.addr": c.Admin.Addr} {
		if ok, err := loopback(addr); err != nil {
			return configErr(key, "want host:port")
		} else if !ok {
			return configErr(key, "a bind wider than loopback needs a login, which this version does not have; put a proxy with one in front and keep 127.0.0.1")
		}
	}
	ok, err := loopback(c.DICOM.Addr)
	if err != nil {
		return configErr("dicom.addr", "want host:port")
	}
	if !ok && len(c.DICOM.Peers) == 0 {
		return configErr("dicom.addr", "a bind wider than loopback needs the list of peers; add:\n  dicom:\n    peers:\n      - ae: SCANNER1\n        cidr: 192.0.2.10/32\n        tls: \"off\"\n        issuer: HOSPITAL")
	}
	if _, err := onnx.ParseDevice(c.Models.Device); err != nil || c.Models.Threads < 0 {
		return configErr("models.device, models.threads", "want auto, cpu or cuda, and 0 or more threads")
	}
	return c.validateLists()
}

func (c Config) validateLists() error {
	if err := c.validateTLS(); err != nil {
		return err
	}
	for _, peer := range c.DICOM.Peers {
		if _, err := neckfrac.ParseAETitle(peer.AE); err != nil {
			return configErr("dicom.peers.ae", "want 1 to 16 characters")
		}
		if _, _, err := net.ParseCIDR(peer.CIDR); err != nil {
			return configErr("dicom.peers.cidr", "want an address range such as 192.0.2.10/32")
		}
		if err := peer.validateTLS(c.DICOM.TLS.Cert != ""); err != nil {
			return err
		}
	}
	if err := c.validateStorage(); err != nil {
		return err
	}
	if err := c.validateSources(); err != nil {
		return err
	}
	marked := 0
	for _, cl := range c.CDS.Clients {
		if cl.FHIRServer == "" {
			return configErr("cds.clients.fhir_server", "want the EHR's FHIR base URL")
		}
		if cl.Loopback {
			marked++
		}
	}
	if marked > 1 {
		return configErr("cds.clients", "only one client can be marked loopback: true")
	}
	if c.DICOM.MaxAssociations <= 0 {
		return configErr("dicom.max_associations", "want at least 1")
	}
	if c.Study.Quiet <= 0 || c.Study.Ready <= 0 || c.Result.Overdue <= 0 {
		return configErr("study.quiet, study.ready, result.overdue", "want a positive duration such as 20s")
	}
	return nil
}

// loopback reports whether an address can be reached from this machine only.
func loopback(addr string) (bool, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, err
	}
	if host == "localhost" {
		return true, nil
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback(), nil
}

func configErr(key, what string) error {
	return neckfrac.Errorf(neckfrac.Invalid, "config: "+key, "%s", what)
}
