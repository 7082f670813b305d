package dicomnet_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"strings"
	"testing"
	"time"
)

// tap keeps what a TLS client reads.
type tap struct {
	net.Conn
	read bytes.Buffer
}

func (c *tap) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Write(b[:n])
	return n, err
}

// prf is P_SHA256 of RFC 5246 §5.
func prf(secret []byte, label string, seed []byte, n int) []byte {
	sum := func(b ...[]byte) []byte {
		h := hmac.New(sha256.New, secret)
		for _, p := range b {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	seed = append([]byte(label), seed...)
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}

// A client that asks for a second handshake on an established TLS 1.2
// connection (TLS 1.3 has none) loses it: a peer must not change its
// certificate after Admit has seen it. crypto/tls can't ask, so the ClientHello
// is encrypted by hand with the connection's own keys.
func TestRenegotiationEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	raw, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if err := raw.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var keys bytes.Buffer
	cfg := s.client(s.ca.issue(t, "ct1", nil))
	cfg.MaxVersion, cfg.KeyLogWriter, cfg.ServerName = tls.VersionTLS12, &keys, "neckfrac"
	cfg.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	conn := &tap{Conn: raw}
	if err := tls.Client(conn, cfg).HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}

	// Key log line: label, client random, master secret. The server random
	// follows record header, handshake header and version of the ServerHello.
	line := strings.Fields(keys.String())
	clientRandom, err1 := hex.DecodeString(line[1])
	master, err2 := hex.DecodeString(line[2])
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	serverRandom := conn.read.Bytes()[11:43]
	// Key block of AES-128-GCM: two keys of 16 bytes, two salts of 4.
	block := prf(master, "key expansion", append(bytes.Clone(serverRandom), clientRandom...), 40)

	hello := append([]byte{3, 3}, bytes.Repeat([]byte{7}, 32)...) // version, random
	hello = append(hello, 0, 0, 2, 0xC0, 0x2B, 1, 0)              // no session, one suite, no compression
	hello = append([]byte{1, 0, 0, byte(len(hello))}, hello...)
	sequence := []byte{0, 0, 0, 0, 0, 0, 0, 1} // Finished was 0
	header := []byte{22, 3, 3}
	additional := append(append(bytes.Clone(sequence), header...), 0, byte(len(hello)))
	sealed := newGCM(t, block[:16]).Seal(nil, append(bytes.Clone(block[32:36]), sequence...), hello, additional)
	record := append(bytes.Clone(header), 0, byte(8+len(sealed)))
	if _, err := raw.Write(append(append(record, sequence...), sealed...)); err != nil {
		t.Fatal(err)
	}

	before := conn.read.Len()
	for err = nil; err == nil; {
		_, err = conn.Read(make([]byte, 1024))
	}
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Fatal("the connection stays open")
	}
	// The answer is one alert, by the server's key and salt: unexpected message or
	// no renegotiation, not bad record MAC, which would blame this test.
	b := conn.read.Bytes()[before:]
	if len(b) < 13 || b[0] != 21 {
		t.Fatalf("answer %x, want an alert", b)
	}
	b = b[:5+int(b[3])<<8+int(b[4])]
	alert, err := newGCM(t, block[16:32]).Open(nil, append(bytes.Clone(block[36:40]), b[5:13]...), b[13:],
		append(bytes.Clone(sequence), 21, 3, 3, 0, 2))
	if err != nil || len(alert) != 2 || alert[0] != 2 || alert[1] != 10 && alert[1] != 100 {
		t.Errorf("alert %v, %v", alert, err)
	}
}

func newGCM(t *testing.T, key []byte) cipher.AEAD {
	t.Helper()
	c, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(c)
	if err != nil {
		t.Fatal(err)
	}
	return gcm
}
