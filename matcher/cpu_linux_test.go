package matcher

import (
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// cpuTime is the CPU time of the calling thread, which has to be locked: CLOCK_THREAD_CPUTIME_ID. The times of
// getrusage are counted in ticks.
func cpuTime(b *testing.B) time.Duration {
	const threadCPUTime = 3
	var ts syscall.Timespec
	if _, _, err := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadCPUTime, uintptr(unsafe.Pointer(&ts)), 0); err != 0 {
		b.Fatal(err)
	}
	return time.Duration(ts.Nano())
}
