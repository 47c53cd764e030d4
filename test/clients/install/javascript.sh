# The newest JavaScript SDK of the npm registry, apart from the one that this repository pins; needs npm.
set -euo pipefail
sources="$(cd "$(dirname "$0")/../javascript" && pwd)"
rm -f "$CLIENTS/versions/javascript"
mkdir -p "$CLIENTS/javascript"
cp "$sources"/*.ts "$CLIENTS/javascript/"
cd "$CLIENTS/javascript"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --no-package-lock @azure/identity@latest @azure/keyvault-keys@latest
for package in @azure/identity @azure/keyvault-keys; do
  echo "$package==$(node -p 'require(process.argv[1]).version' "./node_modules/$package/package.json")"
done >versions
mv versions "$CLIENTS/versions/javascript"
