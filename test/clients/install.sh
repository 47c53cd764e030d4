#!/usr/bin/env bash
# Installs what the tests drive beside Node: the newest released client of each registry, into one folder of the user's
# cache. `test/clients/install.sh [NAME…]`, all of them without a name; may be run again and again, and asks for the newest
# each time. Prints what it installed.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
export CLIENTS="${STRONGROOM_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/strongroom-clients}"
mkdir -p "$CLIENTS/bin" "$CLIENTS/versions"

known="$(cd "$here/install" && ls -- *.sh | sed 's/\.sh$//')"
for name in "${@:-$known}"; do
  for one in $name; do
    if [ ! -f "$here/install/$one.sh" ]; then
      echo "install.sh: no client '$one' (known: $(echo $known))" >&2
      exit 2
    fi
    echo "== $one" >&2
    bash "$here/install/$one.sh" >&2
    cat "$CLIENTS/versions/$one"
  done
done
