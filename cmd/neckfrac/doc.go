// Command neckfrac is the whole service in one binary: receiver, worker, API and the
// tools around them. Each command has its own file; wire.go wires the service by hand.
//
//	neckfrac serve     the service, with embedded defaults
//	neckfrac analyze   the whole analysis offline
//	neckfrac send      C-STORE SCU
//	neckfrac phantom   synthetic CT with ground truth
//	neckfrac doctor    what is wrong, and on which side
//
// Configuration is read here and nowhere else (config.go). Exit codes: 0 done,
// 1 failed, 2 wrong usage or configuration, 3 not analysed.
//
// This is research software, not a cleared medical device.
package main
