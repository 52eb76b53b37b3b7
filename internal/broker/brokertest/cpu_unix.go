//go:build unix

package brokertest

import (
	"syscall"
	"time"
)

// CPU is the processor time that this process has used, without its children.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // it has no other errors than a bad argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
