# picket in an image that holds one static binary, the CA certificates and nothing else.
#
#   docker build --build-arg VERSION=$(git describe --tags --always) --build-arg COMMIT=$(git rev-parse --short=12 HEAD) -t picket .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges -p 9600:9600 -e PICKET_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 picket
#
# BUILD_IMAGE has to hold Go and /etc/ssl/certs/ca-certificates.crt. No feature of BuildKit is needed.
ARG BUILD_IMAGE=golang:1.26
FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
ARG VERSION=dev
ARG COMMIT=unknown
# The modules are not a layer of their own: `go mod download` would also bring the linter's, ten times as many as the binary needs.
RUN CGO_ENABLED=0 GOFLAGS=-buildvcs=false \
    go build -trimpath -ldflags "-s -w -X main.version=${VERSION} -X main.commit=${COMMIT}" -o /picket ./cmd/picket \
 && /picket version \
 && rm -rf "$(go env GOCACHE)" "$(go env GOMODCACHE)"

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /picket /picket
USER 65532:65532
# The default, 127.0.0.1, could not be reached from outside the container.
ENV PICKET_HTTP__LISTEN=:9600
EXPOSE 9600
# Docker sends SIGTERM and waits for 10 s: give it at least shutdown_timeout (docker stop -t 35).
ENTRYPOINT ["/picket"]
CMD ["run"]
