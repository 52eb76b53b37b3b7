// Package integration tests picket from outside: the built binary, driven by a configuration file, its environment, signals and
// HTTP, on Apache Kafka in a container.
//
// Nothing of ours is imported. Topics, events, groups and alerts go through franz-go, which shares no code with kafka-go; which
// alerts have to appear, their ids and their headers are worked out here from docs/alert-schema.md and the rule's file alone.
//
// The tests need PICKET_BINARY (`make integration` sets it) and Docker. PICKET_KAFKA_IMAGE names another image than
// apache/kafka:4.1.1, PICKET_CORPUS the folder with recorded events. What is missing fails the tests in CI (CI=true); elsewhere
// they say that they are skipped. One broker container serves all tests; every test has its own topics and group.
package integration
