// Package blobtest is the conformance suite of neckfrac.Blobs: what file system,
// object store and the in-memory fake have to do alike.
//
// Put names bytes by their digest, holds them to a maximum, and leaves nothing behind
// when it fails, whether the reader, the limit or the context ended it. Open checks
// the size it was told. Equal bytes are one blob, also when they arrive at once.
//
// Not here: durability, which each driver shows for its own medium, and bit rot, which
// readers notice by the digest.
package blobtest
