#!/bin/sh
exec /opt/kafka/bin/class.sh org.apache.kafka.tools.consumer.ConsoleConsumer "$@"
