# The newest Go clients, compiled: one module, so that they share what they stand on, with a go.mod that is made anew each
# time. A release that wants a newer Go than the one here is told, and the newest that does not is taken.
set -euo pipefail
sources="$(cd "$(dirname "$0")/../go" && pwd)"
azkeys=github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys
packages=(
  "$azkeys"
  github.com/Azure/azure-sdk-for-go/sdk/azidentity
  github.com/getsops/sops/v3
  github.com/hashicorp/go-kms-wrapping/wrappers/azurekeyvault/v2
  github.com/sigstore/sigstore
  github.com/sigstore/sigstore/pkg/signature/kms/azure
  go.step.sm/crypto
)
export GOTOOLCHAIN=local GOWORK=off GOFLAGS='-trimpath -buildvcs=false -mod=mod'
rm -rf "$CLIENTS/versions/go" "$CLIENTS/go/module"
mkdir -p "$CLIENTS/go/bin"
cp -r "$sources" "$CLIENTS/go/module"
cd "$CLIENTS/go/module"
go mod init clients 2>/dev/null

# All of them, oldest first, one a line.
versions_of() { go list -m -versions "$1" | tr ' ' '\n' | tail -n +2; }

declare -A wanted refused
for package in "${packages[@]}"; do wanted[$package]=latest; done
until go get $(for package in "${packages[@]}"; do echo "$package@${wanted[$package]}"; done) 2>log; do
  moved=
  while read -r package needs; do
    [ -n "${wanted[$package]:-}" ] || continue
    releases="$(versions_of "$package" | grep -v -- -)"
    if [ "${wanted[$package]}" = latest ]; then
      tried="$(tail -n 1 <<<"$releases")"
      refused[$package]="$tried needs Go $needs"
    else
      tried="${wanted[$package]}"
    fi
    before="$(grep -B 1 -Fx "$tried" <<<"$releases" | head -n 1)"
    [ "$before" != "$tried" ] || continue
    wanted[$package]="$before"
    moved=yes
  done < <(sed -nE 's/^go: ([^@ ]+)@.*requires go >= ([0-9.]+).*/\1 \2/p' log | sort -u)
  [ -n "$moved" ] || { cat log; exit 1; }
done

for program in azkeys sigstore smallstep hashicorp sops; do go build -o "../bin/$program" "./$program"; done
# What users of previews have: the same program on the newest version of all.
preview="$(versions_of "$azkeys" | tail -n 1)"
cp go.mod preview.mod
cp go.sum preview.sum
go get -modfile=preview.mod "$azkeys@$preview" 2>log || { cat log; exit 1; }
go build -modfile=preview.mod -o ../bin/azkeys-preview ./azkeys

for package in "${packages[@]}"; do
  echo "$(go list -m -f '{{.Path}}=={{.Version}}' "$package")${refused[$package]:+ (${refused[$package]})}"
done >versions
echo "$azkeys==$preview (preview)" >>versions
mv versions "$CLIENTS/versions/go"
