# Debian's Redis behind as much of the official image's manners as docker-compose.yml uses.
FROM docker.io/library/debian:bookworm-slim
RUN groupadd --system --gid 999 redis && useradd --system --uid 999 --gid 999 redis \
 && apt-get update && apt-get install --yes --no-install-recommends redis-server \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /data
CMD ["redis-server"]
