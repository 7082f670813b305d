package dicomweb

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// origin is scheme, host and port of an address, each stated, in lower case.
type origin struct{ scheme, host, port string }

// parseOrigin reads an absolute http or https address. What browsers, proxies and
// servers read differently is refused: user information, a backslash, a host beyond
// letters, digits, dots and hyphens, an address written as one number.
func parseOrigin(raw string) (*url.URL, origin, error) {
	bad := fmt.Errorf("dicomweb: address: %w", ErrInvalid)
	if len(raw) > 2048 {
		return nil, origin{}, bad
	}
	for i := range len(raw) {
		if raw[i] <= 0x20 || raw[i] >= 0x7f || raw[i] == '\\' {
			return nil, origin{}, bad
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil || u.Fragment != "" || strings.Contains(raw, "#") {
		return nil, origin{}, bad
	}
	o := origin{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Hostname()), port: u.Port()}
	switch {
	case o.scheme == "https" && o.port == "":
		o.port = "443"
	case o.scheme == "http" && o.port == "":
		o.port = "80"
	case o.scheme != "http" && o.scheme != "https":
		return nil, origin{}, bad
	}
	if strings.HasSuffix(u.Host, ":") || !plainHost(o.host) {
		return nil, origin{}, bad
	}
	return u, o, nil
}

// plainHost takes names and the usual writings of addresses. The last label of a name
// is never a number (RFC 3696 §2), so 127.1 and 0x7f000001 are neither.
func plainHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == ""
	}
	if host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" || strings.Contains(host, "..") {
		return false
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && (last[0] < '0' || last[0] > '9')
}

// loopback reports whether the origin can only be this machine.
func (o origin) loopback() bool {
	ip := net.ParseIP(o.host)
	return o.host == "localhost" || ip != nil && ip.IsLoopback()
}
