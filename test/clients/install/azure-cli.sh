# The newest azure-cli of PyPI, in an environment of its own: it pins older SDKs than the newest ones.
set -euo pipefail
[ -x "$CLIENTS/azure-cli/bin/python3" ] || python3 -m venv "$CLIENTS/azure-cli"
"$CLIENTS/azure-cli/bin/pip" install --quiet --disable-pip-version-check --upgrade azure-cli
ln -sfn ../azure-cli/bin/az "$CLIENTS/bin/az"
"$CLIENTS/azure-cli/bin/pip" list --disable-pip-version-check --format=freeze | grep '^azure-cli==' >"$CLIENTS/versions/azure-cli"
