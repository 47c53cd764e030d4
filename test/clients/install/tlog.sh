# What others have published for transparency logs (test/witness/published), compiled: a checker, a witness and a client of witnesses,
# of the versions that its go.mod pins.
set -euo pipefail
sources="$(cd "$(dirname "$0")/../../witness/published" && pwd)"
export GOTOOLCHAIN=local GOWORK=off GOFLAGS='-trimpath -buildvcs=false -mod=readonly'
cd "$sources"
go build -o "$CLIENTS/bin/strongroom-published" .
go list -m -f '{{.Path}}=={{.Version}}' github.com/transparency-dev/tessera github.com/transparency-dev/witness \
  github.com/transparency-dev/merkle golang.org/x/mod >"$CLIENTS/versions/tlog"
