#!/bin/sh
# Starts a KRaft broker from the environment: KAFKA_A_B=x becomes a.b=x (__ is _, ___ is -), as in the official image.
set -eu
config=/opt/kafka/config/server.properties
{
  [ -n "${KAFKA_LOG_DIRS:-}" ] || echo "log.dirs=/var/lib/kafka/data"
  [ -n "${KAFKA_PROCESS_ROLES:-}" ] || cat <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
advertised.listeners=PLAINTEXT://localhost:9092
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
EOF
  env | while IFS='=' read -r key value; do
    case $key in
      KAFKA_HEAP_OPTS | KAFKA_OPTS | KAFKA_LOG_LEVEL) ;;
      KAFKA_*)
        name=$(printf '%s' "${key#KAFKA_}" | tr '[:upper:]' '[:lower:]' | sed -e 's/___/-/g' -e 's/__/\x01/g' -e 's/_/./g' -e 's/\x01/_/g')
        printf '%s=%s\n' "$name" "$value"
        ;;
    esac
  done
} > "$config"
if ! find /var/lib/kafka/data -name meta.properties | grep -q .; then
  /opt/kafka/bin/kafka-storage.sh format --ignore-formatted \
    --cluster-id "${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}" --config "$config"
fi
exec /opt/kafka/bin/class.sh kafka.Kafka "$config"
