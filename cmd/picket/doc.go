// Command picket evaluates Sigma rules on events that arrive over Kafka.
//
// One file per subcommand; this package does the wiring (consumer, matcher, producer, console), reads
// the configuration and decides the order of start and stop. It is the only package that may import all
// others.
package main
