# A static program and the certificates it trusts, nothing else. One file for amd64 and arm64: each is built on its own
# platform (`docker buildx build --platform linux/amd64,linux/arm64`), so nothing here names one.
FROM debian:12-slim AS build
WORKDIR /source
COPY scripts/install-dependencies scripts/
RUN scripts/install-dependencies build
COPY . .
RUN cmake --preset static && cmake --build --preset static && \
    strip --strip-all -R .comment -o /tcr-probe build/static/tcr-probe
# One file per certificate, found by the hash of its name: the bundle file would be read as a whole at every
# start, this costs nothing until a certificate is looked up.
RUN mkdir /certificates && \
    cp -L /usr/share/ca-certificates/mozilla/*.crt /certificates/ && \
    openssl rehash /certificates

FROM scratch
COPY --from=build /tcr-probe /usr/bin/tcr-probe
COPY --from=build /certificates /etc/ssl/certs
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="tcr-probe" \
      org.opencontainers.image.description="Says why an image pull from Tencent Container Registry will fail, from where it would fail" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.documentation="README.md"
# What is true in a serverless pod: its resolvers, ranges and controls; the kubelet and Prometheus come from outside.
ENV PATH=/usr/bin \
    SSL_CERT_DIR=/etc/ssl/certs \
    TCR_PROBE_PROFILE=tke-serverless \
    TCR_PROBE_LISTEN=0.0.0.0:9447
USER 65532:65532
EXPOSE 9447
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s CMD ["/usr/bin/tcr-probe", "healthcheck"]
ENTRYPOINT ["/usr/bin/tcr-probe"]
CMD ["run"]
