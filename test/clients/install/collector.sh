# An OpenTelemetry Collector, compiled of the project's modules in the versions that its go.mod pins: a receiver of logs and what hands
# them on, without the rest.
set -euo pipefail
sources="$(cd "$(dirname "$0")/../collector" && pwd)"
export GOTOOLCHAIN=local GOWORK=off GOFLAGS='-trimpath -buildvcs=false -mod=readonly'
cd "$sources"
go build -ldflags='-s -w' -o "$CLIENTS/bin/strongroom-collector" .
go list -m -f '{{.Path}}=={{.Version}}' go.opentelemetry.io/collector/otelcol >"$CLIENTS/versions/collector"
