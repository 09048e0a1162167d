# The operator's image, for amd64 and arm64: both are compiled on the machine that builds, so neither is
# emulated.
#
#   docker buildx build --platform linux/amd64,linux/arm64 \
#     --build-arg VERSION=v0.1.0 --build-arg COMMIT=$(git rev-parse HEAD) -t REGISTRY/appenv-operator:v0.1.0 --push .
#
# test/image runs the build command below for both; no container engine runs there, so the image itself is
# untested. There is no ko configuration: it would be a second description of the same image, and what it
# adds (several platforms without emulation, an SBOM, provenance) buildx does in the release workflow.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG VERSION=devel
ARG COMMIT=unknown
ARG TARGETOS=linux
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY cmd cmd
COPY internal internal
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false \
  -ldflags "-s -w \
    -X github.com/appenv/appenv-operator/internal/config.Version=${VERSION} \
    -X github.com/appenv/appenv-operator/internal/config.Commit=${COMMIT}" \
  -o /manager ./cmd

# Nothing but the operator, certificates of public authorities and time zones; no shell. It writes no file,
# so the root file system can be read-only.
FROM gcr.io/distroless/static:nonroot
ARG VERSION=devel
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="appenv-operator" \
  org.opencontainers.image.description="Keeps AppEnvironments in place and says what they wait for" \
  org.opencontainers.image.source="https://github.com/appenv/appenv-operator" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]
