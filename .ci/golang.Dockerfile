# What the project's Dockerfile builds with in CI, in place of golang:1.26 from a registry. Its context is the machine's GOROOT.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY . /usr/local/go
ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin GOTOOLCHAIN=local
