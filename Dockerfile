# syntax=docker/dockerfile:1

# Node is needed to build, for the web pages; the image that runs has neither it nor a shell.
FROM node:22-bookworm-slim AS node

FROM rust:1.95-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    --mount=type=cache,target=/root/.npm \
    cargo build --release --locked --bin manyfin \
    && cp target/release/manyfin /manyfin \
    && mkdir /data

# glibc and certificates, nothing else; runs as nobody special (65532).
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /manyfin /usr/local/bin/manyfin
# A fresh volume takes its owner from here.
COPY --from=build --chown=65532:65532 /data /data
ENV MANYFIN_BIND=0.0.0.0:8096 \
    MANYFIN_DATA_DIR=/data \
    MANYFIN_LOG__FORMAT=json
VOLUME /data
EXPOSE 8096
USER 65532:65532
# Streams that run are given their time: see "Stopping" in docs/operations.md.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/manyfin", "health"]
ENTRYPOINT ["/usr/local/bin/manyfin"]
CMD ["serve"]
