# docker build -t fmbench .
# docker run --rm --user "$(id -u):$(id -g)" \
#   -v "$PWD/data:/fmbench/data" -v "$PWD/results:/fmbench/results" fmbench
FROM debian:bookworm-slim AS build
WORKDIR /fmbench
COPY scripts/install-packages scripts/
RUN scripts/install-packages build
COPY . .
RUN make all WERROR=1 && strip build/fmbench

FROM debian:bookworm-slim
WORKDIR /fmbench
COPY scripts/install-packages scripts/
RUN scripts/install-packages run && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 1000 fmbench && mkdir -p data results && chown fmbench data results
COPY --from=build /fmbench/build/fmbench build/fmbench
COPY scripts/bench scripts/get-data scripts/
COPY configs configs
COPY reference reference
USER fmbench
ENTRYPOINT ["scripts/bench"]
