#!/usr/bin/env bash
# Builds the newest OpenTofu and the newest azurerm provider, with the provider's own acceptance tests for managed HSMs,
# from the Go module proxy. Prints the folder that holds them. What is built already is not built again.
set -euo pipefail

cache=${STRONGROOM_TERRAFORM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/strongroom-clients/terraform}
mkdir -p "$cache/sources"
export GOFLAGS="-p=${STRONGROOM_BUILD_JOBS:-2} -trimpath" CGO_ENABLED=0 GOCACHE="$cache/go-build"

# newest MODULE: the version that the proxy calls latest. azurerm's releases from 2 on are no versions of a Go module
# (its path ends in no /v5), so that its latest is a commit of its main branch.
newest() { (cd "$cache" && go list -m -f '{{.Version}}' "$1@latest"); }

# sources MODULE VERSION: a folder of its own with the module's zip. Built in there, and not by `go install`, which knows no
# replacements and no acceptance tests.
sources() {
  local folder="$cache/sources/${1##*/}-$2" unpacked
  if [[ ! -d $folder ]]; then
    unpacked=$(cd "$cache" && go mod download -json "$1@$2" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    cp -r "$unpacked" "$folder.new"
    chmod -R u+w "$folder.new"
    mv "$folder.new" "$folder"
  fi
  echo "$folder"
}

# build OUTPUT MODULE VERSION PACKAGE COMMAND…: COMMAND makes OUTPUT of a package, where there is none of this version yet.
build() {
  local output=$1 module=$2 version=$3 package=$4 folder
  shift 4
  [[ -x "$cache/$output" && $(cat "$cache/$output.version" 2>/dev/null) == "$version" ]] && return
  echo "building $output of $module $version" >&2
  folder=$(sources "$module" "$version")
  (cd "$folder" && "$@" -ldflags=-s -o "$cache/$output.new" "$package" >&2)
  mv "$cache/$output.new" "$cache/$output"
  echo "$version" >"$cache/$output.version"
}

# The acceptance tests name five more providers, which those for managed HSMs do not use and no registry gives here.
leave_out_other_providers() {
  local file="$1/internal/acceptance/testcase.go"
  sed -i '/^func (td TestData) externalProviders()/,$d' "$file"
  cat >>"$file" <<'GO'
func (td TestData) externalProviders() map[string]resource.ExternalProvider {
	return map[string]resource.ExternalProvider{}
}
GO
}

opentofu=github.com/opentofu/opentofu
azurerm=github.com/hashicorp/terraform-provider-azurerm
version=$(newest "$opentofu")
build tofu "$opentofu" "$version" ./cmd/tofu go build
version=$(newest "$azurerm")
build terraform-provider-azurerm "$azurerm" "$version" . go build
leave_out_other_providers "$(sources "$azurerm" "$version")"
build azurerm-managedhsm.test "$azurerm" "$version" ./internal/services/managedhsm go test -c
echo "$cache"
