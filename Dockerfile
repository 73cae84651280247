# The images of Scorecast, one target each: scoring, gateway, scorecast.
#
#   docker build --target scoring --tag scorecast/scoring:0.1.0 .
#
# An image is one static program and the certificates of the web's authorities: no shell, no
# package manager, nothing to run as root. What went into the program is listed inside it, where
# syft, trivy and `cargo audit bin` find it.

ARG RUST=1.95.0
ARG NODE=22.23.2

# The page, which the gateway has inside it.
FROM docker.io/library/node:${NODE}-bookworm-slim AS page
WORKDIR /web
COPY web/package.json web/package-lock.json ./
COPY web/packages/client/package.json packages/client/
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY web .
RUN npm run build

FROM docker.io/library/rust:${RUST}-slim-bookworm AS rust
RUN cargo install --locked cargo-chef@0.1.78 cargo-auditable@0.7.7
WORKDIR /src
# Static: the C library too. With a target named, build scripts and macros stay as they are.
ENV CARGO_BUILD_TARGET=host-tuple \
    RUSTFLAGS="-C target-feature=+crt-static" \
    CARGO_PROFILE_RELEASE_LTO=thin \
    CARGO_PROFILE_RELEASE_DEBUG=false \
    CARGO_PROFILE_RELEASE_STRIP=debuginfo

# What the dependencies are, without a line of our own code: it seldom changes.
FROM rust AS recipe
COPY . .
RUN cargo chef prepare --recipe-path /recipe.json

FROM rust AS build
COPY --from=recipe /recipe.json /recipe.json
RUN cargo chef cook --release --locked --package scoring --package gateway --package scorecast \
      --recipe-path /recipe.json
COPY . .
COPY --from=page /web/dist web/dist
RUN cargo auditable build --release --locked --package scoring --package gateway --package scorecast \
 && mkdir -p /image/data \
 && cp target/*/release/scoring target/*/release/gateway target/*/release/scorecast /image

FROM scratch AS base
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY LICENSE-MIT LICENSE-APACHE /licenses/
USER 65532:65532
ENV LOG_FORMAT=json
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.vendor="Scorecast" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

FROM base AS scoring
LABEL org.opencontainers.image.title="scoring" \
      org.opencontainers.image.description="Keeps quiz answers and their live ranking; speaks gRPC"
ENV SCORING_LISTEN=0.0.0.0:50051
EXPOSE 50051
COPY --from=build /image/scoring /scoring
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s CMD ["/scoring", "healthcheck"]
ENTRYPOINT ["/scoring"]

FROM base AS gateway
LABEL org.opencontainers.image.title="gateway" \
      org.opencontainers.image.description="The browsers' HTTP and WebSockets in front of scoring"
ENV GATEWAY_LISTEN=0.0.0.0:8080
EXPOSE 8080
COPY --from=build /image/gateway /gateway
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s CMD ["/gateway", "healthcheck"]
ENTRYPOINT ["/gateway"]

# Both in one process on embedded stores; everything it keeps is under /data, SQLite's scratch too.
FROM base AS scorecast
LABEL org.opencontainers.image.title="scorecast" \
      org.opencontainers.image.description="Live quiz leaderboards in one process"
ENV GATEWAY_LISTEN=0.0.0.0:8080 \
    SCORECAST_DATA=/data \
    SQLITE_TMPDIR=/data
EXPOSE 8080
COPY --from=build --chown=65532:65532 /image/data /data
VOLUME /data
COPY --from=build /image/scorecast /scorecast
ENTRYPOINT ["/scorecast"]
