# The module as a Docker image, as gateways load it. `make image` needs no Docker, and adds documentation.
#   make build && docker build -t registry.example.com/ai-token-ratelimit:0.1.0 .
# For stock Envoy and Istio: --build-arg MODULE=build/ai-token-ratelimit.envoy.wasm; for ai-quota: build/ai-quota.wasm
FROM scratch
ARG MODULE=build/ai-token-ratelimit.wasm
COPY ${MODULE} /plugin.wasm
