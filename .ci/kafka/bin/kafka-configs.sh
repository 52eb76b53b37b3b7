#!/bin/sh
exec /opt/kafka/bin/class.sh kafka.admin.ConfigCommand "$@"
