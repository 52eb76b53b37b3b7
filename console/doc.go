// Package console is what picket shows over HTTP: /livez, /readyz and /metrics.
//
// It reads; nothing in the data path knows it. Metrics owns the Prometheus registry and the
// collectors named in the contract; the wiring in cmd feeds it once per batch, never per event.
package console
