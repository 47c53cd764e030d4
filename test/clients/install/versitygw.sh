# A server that speaks S3, with object lock, for what writes logs there.
set -euo pipefail
export GOTOOLCHAIN=local GOWORK=off GOFLAGS='-trimpath -buildvcs=false'
module=github.com/versity/versitygw
version="$(cd "$CLIENTS" && go list -m -f '{{.Version}}' "$module@latest")"
if [ "$(cat "$CLIENTS/versions/versitygw" 2>/dev/null)" != "$module==$version" ]; then
  GOBIN="$CLIENTS/bin" go install "$module/cmd/versitygw@$version"
  echo "$module==$version" >"$CLIENTS/versions/versitygw"
fi
