// Package console is what picket shows over HTTP: /livez, /readyz and /metrics.
//
// Metrics owns the Prometheus registry and the collectors named in the contract. The data path hands
// it a Tally once per batch, never per event; what other packages count themselves (group, lag, produce
// errors) is read through functions that the wiring in cmd supplies, at the moment of a scrape. Server
// serves it: New takes a Config, Listen takes the address, Run serves until its context ends.
//
// Labels are bounded: partitions by the assignment, rules by a cap, codes by a list. The package reads
// and never decides; nothing in the data path waits for it, and it knows neither consumer nor Kafka.
// It shows no event content and no setting, because it asks nobody for a password.
package console
