//go:build unix

package brokertest

import (
	"testing"
	"time"
)

func TestCPU(t *testing.T) {
	before, deadline := CPU(), time.Now().Add(20*time.Second)
	for CPU() == before {
		if time.Now().After(deadline) {
			t.Fatal("twenty seconds of work took no time")
		}
	}
}
