#!/usr/bin/env bash
# Deploys a release of this repository: infra/azure/deploy.sh TAG. Called by .github/workflows/deploy.yml, which sets the environment.
# Needs az, gh, curl and jq. If the first list does not come back, the package that ran before is deployed again.
set -euo pipefail
cd "$(dirname "$0")/../.."
tag=${1:?Usage: infra/azure/deploy.sh TAG}
: "${AZURE_RESOURCE_GROUP:?}" "${AZURE_ENV_NAME:?}" "${AZURE_LOCATION:?}" "${NIMBLE_API_KEY:?}" "${CALLBACK_KEY:?}" "${SMOKE_URL:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# package TAG: downloads the app of a release and proves that this repository built it.
package() {
  gh release download "$1" --pattern 'functions-app-*.zip' --output "$work/$1.zip" --clobber
  gh attestation verify "$work/$1.zip" --repo "$GH_REPO" >/dev/null
}

# install TAG: makes it the running package, and says so in a tag of the app.
install() {
  az functionapp deployment source config-zip -g "$AZURE_RESOURCE_GROUP" -n "$app" --src "$work/$1.zip" --output none
  az tag update --resource-id "$app_id" --operation Merge --tags "pipeline-release=$1" --output none
}

# Succeeds once a list of one URL, which no list before had, is closed with its manifest.
smoke() {
  local id deadline
  id=smoke-$(date -u +%Y%m%d%H%M%S)
  az storage message put --auth-mode login --account-name "$account" --queue-name url-lists --output none \
    --content "{\"list_id\":\"$id\",\"inputs\":[{\"url\":\"$SMOKE_URL\"}]}" || return 1
  deadline=$((SECONDS + ${SMOKE_SECONDS:-900}))
  until [ "$(az storage blob exists --auth-mode login --account-name "$account" --container-name manifests --name "$id.json" --query exists -o tsv)" = true ]; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 15
  done
  az storage blob download --auth-mode login --account-name "$account" --container-name manifests --name "$id.json" --file "$work/manifest.json" --output none || return 1
  jq -e '.records == 1' "$work/manifest.json" >/dev/null
}

if [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]; then
  token=$(curl -sSf -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=api://AzureADTokenExchange" | jq -r .value)
  az login --service-principal -u "$AZURE_CLIENT_ID" -t "$AZURE_TENANT_ID" --federated-token "$token" --output none
  az account set --subscription "$AZURE_SUBSCRIPTION_ID"
fi
package "$tag"
while IFS= read -r setting; do export "${setting?}"; done < <(
  jq -r '(. // {}) | to_entries[] | "\(.key)=\(.value | if type == "string" then . else tojson end)"' <<<"${DEPLOYMENT:-null}")

outputs=$(az deployment group create -g "$AZURE_RESOURCE_GROUP" -n "pipeline-$AZURE_ENV_NAME" -p infra/azure/main.bicepparam --query properties.outputs -o json)
# Azure returns the names of outputs in a case of its own.
output() { jq -er "with_entries(.key |= ascii_upcase).$1.value" <<<"$outputs"; }
app=$(output FUNCTION_APP_NAME) account=$(output STORAGE_ACCOUNT_NAME)
app_id=$(az functionapp show -g "$AZURE_RESOURCE_GROUP" -n "$app" --query id -o tsv)
before=$(az tag list --resource-id "$app_id" --query 'properties.tags."pipeline-release"' -o tsv)
install "$tag"
if smoke; then
  echo "$tag runs as $app."
elif [ -n "$before" ] && [ "$before" != "$tag" ]; then
  package "$before"
  install "$before"
  echo "$tag did not return the record of $SMOKE_URL in time; $before runs again. Look at the log stream: az webapp log tail -g $AZURE_RESOURCE_GROUP -n $app" >&2
  exit 1
else
  echo "$tag did not return the record of $SMOKE_URL in time, and no release ran before. Look at the log stream: az webapp log tail -g $AZURE_RESOURCE_GROUP -n $app" >&2
  exit 1
fi
