# The newest Rust client of crates.io, compiled without what makes it fast; needs cargo.
set -euo pipefail
sources="$(cd "$(dirname "$0")/../rust" && pwd)"
crates=(azure_core azure_identity azure_security_keyvault_keys)
rm -rf "$CLIENTS/versions/rust" "$CLIENTS/rust/src" "$CLIENTS/rust"/Cargo.*
mkdir -p "$CLIENTS/rust/bin"
cp -r "$sources/src" "$CLIENTS/rust/src"
cd "$CLIENTS/rust"
cat >Cargo.toml <<'TOML'
[package]
name = "clients"
edition = "2024"

[profile.dev]
debug = false
incremental = false
TOML
# The newest release that this cargo's Rust can build; what it stands on is the newest that it takes.
cargo add --quiet "${crates[@]}" futures
cargo add --quiet tokio --features macros,rt
cargo build --quiet
cp target/debug/clients bin/keys
for crate in "${crates[@]}"; do
  cargo tree --quiet --depth 1 --prefix none | sed -nE "s/^$crate v([^ ]+).*/$crate==\1/p"
done >versions
mv versions "$CLIENTS/versions/rust"
