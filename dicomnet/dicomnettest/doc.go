// Package dicomnettest helps to test what is built on dicomnet, without a
// network and without a second implementation.
//
//   - [Pipe] and [Listen] run a server, in memory or on loopback, and end it
//     with the test;
//   - [Peer] is a scripted peer: it sends what a test tells it, legal or not,
//     and checks what comes back, PDU by PDU;
//   - [Store] is a Backend that keeps what it was sent.
//
// Nothing here sleeps: with testing/synctest, Pipe makes the timeouts of a
// server testable in no time.
package dicomnettest
