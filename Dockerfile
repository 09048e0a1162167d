# The operator's image. No container engine runs in this project's checks, so this file is untested
# there; it does what `make build` does.
FROM golang:1.26 AS build
ARG VERSION=devel
ARG COMMIT=unknown
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY cmd cmd
COPY internal internal
RUN CGO_ENABLED=0 GOOS=${TARGETOS:-linux} GOARCH=${TARGETARCH} go build -trimpath \
  -ldflags "-s -w \
    -X github.com/appenv/appenv-operator/internal/config.Version=${VERSION} \
    -X github.com/appenv/appenv-operator/internal/config.Commit=${COMMIT}" \
  -o /manager ./cmd

FROM gcr.io/distroless/static:nonroot
COPY --from=build /manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]
