//go:build race

package wire

// racing: under the race detector a sync.Pool drops a quarter of what it is given, on purpose.
const racing = true
