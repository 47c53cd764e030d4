# pkcs11-tool 0.26: older ones wrap secret keys only. Where the system has an older one (Debian 12: 0.23), built from Debian 13's source;
# needs autoconf, automake, libtool, pkg-config, gettext, libpcsclite-dev, libssl-dev, zlib1g-dev and a C compiler.
set -euo pipefail
version=0.26.1
sha256=5c4928bac2786dcaff9b2dfa43cd3de301bd137193a57adfb1a7a555656691ce
has() { "$1" --info 2>/dev/null | sed -n 's/^OpenSC \([0-9.]*\).*/\1/p'; }
found="$(has "$CLIENTS/bin/opensc-tool" || true)"
found="${found:-$(has opensc-tool || true)}"
if [ "$(printf '%s\n' "${found:-0}" "$version" | sort -V | head -n 1)" = "$version" ]; then
  version="$found"
else
  build="$(mktemp -d)"
  trap 'rm -rf "$build"' EXIT
  curl -fsS -o "$build/opensc.tar.gz" "https://deb.debian.org/debian/pool/main/o/opensc/opensc_$version.orig.tar.gz"
  echo "$sha256  $build/opensc.tar.gz" | sha256sum --check --quiet
  tar -xzf "$build/opensc.tar.gz" -C "$build" --strip-components=1
  cd "$build"
  {
    autoreconf -if
    ./configure CFLAGS=-O0 --disable-shared --disable-doc --disable-man --disable-notify --disable-openpace --disable-readline
    for part in common scconf ui pkcs15init sm libopensc pkcs11; do make -C "src/$part" -j2; done
    make -C src/tools -j2 pkcs11-tool opensc-tool
  } >"$build/log" 2>&1 || { tail -n 40 "$build/log"; exit 1; }
  install src/tools/pkcs11-tool src/tools/opensc-tool "$CLIENTS/bin/"
fi
echo "opensc==$version" >"$CLIENTS/versions/opensc"
