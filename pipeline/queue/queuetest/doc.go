// Package queuetest is the conformance suite of neckfrac.Queue: what the pipeline
// expects of hints whichever driver carries them.
//
// A queue may lose, double and delay hints in service. The suite runs on one that
// is healthy and far from its bound, and asks for no more than this: Announce never
// waits for a consumer, hints for one job that nobody took yet are one hint with the
// highest priority announced, Next takes the highest priority and then the oldest,
// blocks while there is nothing, and ends with its context.
//
// Not here: bounds, loss and recovery, which differ per driver and are tested beside
// it.
package queuetest
