# stylize-live in a container, with all styles:
#
#     docker build --tag impasto .
#     docker run --rm --publish 8080:8080 --volume "$PWD:/films:ro" impasto --token "$(openssl rand -hex 16)" /films/in.mp4
#
# The other programs are in it too: docker run --rm --entrypoint stylize-image --volume "$PWD:/films" impasto --help

ARG SWIFT=6.3

# What a build needs; .devcontainer uses it as well.
FROM swift:${SWIFT}-bookworm AS toolchain
WORKDIR /impasto
COPY Makefile ./
COPY .ci .ci
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates git make python3 \
    && make libraries && rm -rf /var/lib/apt/lists/*

FROM toolchain AS build
COPY . .
RUN make install DESTDIR=/installed PREFIX=/usr

# Swift's libraries are inside the programs; only those of C are needed beside them.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libavdevice59 libavfilter8 libavformat59 libopenblas0-pthread \
      libswresample4 libswscale6 tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/impasto impasto
COPY --from=build /installed /
USER impasto
WORKDIR /var/lib/impasto
EXPOSE 8080
# Reachable from outside the container, so the server wants a --token.
ENTRYPOINT ["tini", "--", "stylize-live", "--address", "0.0.0.0", "--no-training"]
CMD ["--help"]
