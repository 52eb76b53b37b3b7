#!/bin/sh
# Runs one of Kafka's main classes: class.sh CLASS [ARG...]
exec java ${KAFKA_HEAP_OPTS:--Xmx512m -Xms128m} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -Dorg.slf4j.simpleLogger.defaultLogLevel="${KAFKA_LOG_LEVEL:-warn}" ${KAFKA_OPTS:-} \
  -cp '/opt/kafka/libs/*' "$@"
