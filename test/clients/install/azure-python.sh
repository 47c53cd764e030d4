# The newest Azure SDKs of PyPI for Python, previews included: the security-domain client has no other release.
set -euo pipefail
[ -x "$CLIENTS/azure-python/bin/python3" ] || python3 -m venv "$CLIENTS/azure-python"
"$CLIENTS/azure-python/bin/pip" install --quiet --disable-pip-version-check --upgrade --pre \
  azure-identity azure-keyvault-keys azure-keyvault-administration azure-keyvault-securitydomain aiohttp opentelemetry-sdk
"$CLIENTS/azure-python/bin/pip" list --disable-pip-version-check --format=freeze |
  grep -E '^(azure-(identity|keyvault-[a-z]+)|opentelemetry-sdk)==' >"$CLIENTS/versions/azure-python"
