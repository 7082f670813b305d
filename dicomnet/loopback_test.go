package dicomnet_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

func TestLoopback(t *testing.T) {
	t.Parallel()
	store := &dicomnettest.Store{}
	addr := dicomnettest.Listen(t, newServer(t, store, nil))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			c, err := dicomnet.Dial(t.Context(), addr, dicomnettest.ClientConfig())
			if err != nil {
				t.Error(err)
				return
			}
			for range 5 {
				if status, err := c.Store(t.Context(), ctRequest(), bytes.NewReader(make([]byte, 300_000))); err != nil || status != dimse.Success {
					t.Errorf("store: %v, %v", status, err)
				}
			}
			if err := c.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := store.Instances(); len(got) != 40 || len(got[39].Dataset) != 300_000 {
		t.Errorf("%d instances", len(got))
	}
}

// certificate returns a self-signed certificate for 127.0.0.1.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ct1"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// Over TLS, Admit sees the certificate, and a plain peer gets nowhere.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t)
	s := newServer(t, &dicomnettest.Store{}, func(c *dicomnet.Config) {
		c.Admit = func(_ context.Context, info dicomnet.AssociationInfo) error {
			if info.TLS == nil || len(info.TLS.PeerCertificates) != 1 || info.TLS.PeerCertificates[0].Subject.CommonName != "ct1" {
				return dicomnet.RejectCallingAE
			}
			return nil
		}
	})
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- s.Serve(tls.NewListener(plain, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert},
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}))
	}()
	cfg := dicomnettest.ClientConfig()
	if _, err := dicomnet.Dial(t.Context(), plain.Addr().String(), cfg); err == nil {
		t.Error("a plain client is served on a TLS port")
	}
	cfg.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, Certificates: []tls.Certificate{cert}}
	c, err := dicomnet.Dial(t.Context(), plain.Addr().String(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := c.Store(t.Context(), ctRequest(), bytes.NewReader(make([]byte, 1<<20))); err != nil || status != dimse.Success {
		t.Errorf("store: %v, %v", status, err)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	<-done
}

// Thousands of bad associations leave nothing behind (the class of
// CVE-2026-50254). Not parallel: it counts goroutines.
func TestBadAssociationsLeakNothing(t *testing.T) {
	s := newServer(t, &dicomnettest.Store{}, nil)
	rq, err := dicomnettest.AssociateRQ().AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	rq[len(rq)-20] ^= 0xFF // somewhere in the user information
	attack := func(n int) {
		for range n {
			s.ServeConn(&scriptConn{in: bytes.NewReader(rq)})
		}
	}
	var before, after runtime.MemStats
	attack(100)
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	attack(5000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, before %d", n, goroutines)
	}
	if after.HeapAlloc > before.HeapAlloc+1<<20 {
		t.Errorf("heap grew from %d to %d bytes", before.HeapAlloc, after.HeapAlloc)
	}
}

// Eight associations that receive 16 MiB each allocate their buffers and little
// else, at both ends: nothing is allocated per fragment, and nothing is held.
// Not parallel: it counts the process's allocations.
func TestReceivingAllocatesBuffersOnly(t *testing.T) {
	const associations, instances, size = 8, 4, 4 << 20
	addr := dicomnettest.Listen(t, newServer(t, backend(discard), nil))
	data := make([]byte, size)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	for range associations {
		wg.Go(func() {
			c, err := dicomnet.Dial(t.Context(), addr, dicomnettest.ClientConfig())
			if err != nil {
				t.Error(err)
				return
			}
			for range instances {
				if status, err := c.Store(t.Context(), ctRequest(), bytes.NewReader(data)); err != nil || status != dimse.Success {
					t.Errorf("store: %v, %v", status, err)
				}
			}
			if err := c.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	used := after.TotalAlloc - before.TotalAlloc
	t.Logf("%d KiB allocated for %d MiB received, %d MiB from the system", used>>10, associations*instances*size>>20, after.Sys>>20)
	if used > associations*1<<20 {
		t.Errorf("%d bytes allocated, more than 1 MiB an association", used)
	}
	if after.Sys > 150<<20 {
		t.Errorf("%d MiB taken from the system", after.Sys>>20)
	}
}

// No child inherits a socket (DCMTK's 664163acc): neither the listener nor an
// association is open in it. The child is this test again.
func TestSocketsAreNotInherited(t *testing.T) {
	const child = "DICOMNET_TEST_LIST_SOCKETS"
	if os.Getenv(child) != "" {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range fds {
			if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(target, "socket:") {
				fmt.Println("inherited", target)
			}
		}
		fmt.Println("listed", len(fds))
		return
	}
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("no /proc to list descriptors")
	}
	c, err := dicomnet.Dial(t.Context(), dicomnettest.Listen(t, newServer(t, &dicomnettest.Store{}, nil)), dicomnettest.ClientConfig())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Echo(t.Context()); err != nil { // both ends are open now
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSocketsAreNotInherited$")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.Output()
	if err != nil || !bytes.Contains(out, []byte("listed")) || bytes.Contains(out, []byte("inherited")) {
		t.Errorf("child: %v\n%s", err, out)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// BenchmarkStore sends 512×512 slices over loopback to a server that discards
// them.
func BenchmarkStore(b *testing.B) {
	s := newServer(b, backend(discard), nil)
	c, err := dicomnet.Dial(b.Context(), dicomnettest.Listen(b, s), dicomnettest.ClientConfig())
	if err != nil {
		b.Fatal(err)
	}
	slice := make([]byte, 2*512*512+2048)
	rq := dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: "1.2.3", TransferSyntaxUID: dataset.ExplicitVRLittleEndian}
	b.SetBytes(int64(len(slice)))
	b.ReportAllocs()
	for b.Loop() {
		if status, err := c.Store(b.Context(), rq, bytes.NewReader(slice)); err != nil || status != dimse.Success {
			b.Fatal(status, err)
		}
	}
	if err := c.Release(b.Context()); err != nil {
		b.Fatal(err)
	}
}
