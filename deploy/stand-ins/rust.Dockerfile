# Debian with this machine's Rust and its certificates.
FROM docker.io/library/debian:bookworm-slim
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
COPY --from=certificates ca-certificates.crt /etc/ssl/certs/
COPY --from=toolchain bin /usr/local/rust/bin
COPY --from=toolchain lib /usr/local/rust/lib
ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/cargo/bin:/usr/local/rust/bin:/usr/bin:/bin
