# The checker of histories (test/chaos/checker), compiled: the search is Porcupine's, of the version that its go.mod pins.
set -euo pipefail
sources="$(cd "$(dirname "$0")/../../chaos/checker" && pwd)"
export GOTOOLCHAIN=local GOWORK=off GOFLAGS='-trimpath -buildvcs=false -mod=readonly'
cd "$sources"
go build -o "$CLIENTS/bin/strongroom-linearisable" .
go list -m -f '{{.Path}}=={{.Version}}' github.com/anishathalye/porcupine >"$CLIENTS/versions/porcupine"
