#!/usr/bin/env bash
# Deploys a release of this repository: infra/azure/deploy.sh TAG. Called by .github/workflows/deploy.yml, which sets the environment.
# Needs az, gh, curl and jq. If the first list does not come back, the package that ran before is deployed again.
set -euo pipefail
cd "$(dirname "$0")/../.."
tag=${1:?Usage: infra/azure/deploy.sh TAG}
: "${AZURE_RESOURCE_GROUP:?}" "${AZURE_ENV_NAME:?}" "${AZURE_LOCATION:?}" "${NIMBLE_API_KEY:?}" "${CALLBACK_KEY:?}" "${SMOKE_URL:?}"
release='^v[0-9][0-9A-Za-z.+-]*$'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fail TEXT: ends the script before anything was changed.
fail() { echo "$1" >&2; exit 2; }

# Exports the other parameters. Azure would take each one that is missing or misspelt as its default, and change the deployment to that:
# a private network would open.
read_parameters() {
  local given=${DEPLOYMENT:-} known parameter
  [ -n "$given" ] || given='{}'
  jq -e 'type == "object"' >/dev/null 2>&1 <<<"$given" ||
    fail 'The variable DEPLOYMENT is no JSON object. Write one such as {"STORAGE_URL":"s3://my-results/results/"}.'
  known=$(grep -oE "readEnvironmentVariable\('[A-Z_]+" infra/azure/main.bicepparam)
  jq -j 'to_entries[] | "\(.key)=\(.value | if type == "string" then . else tojson end)\u0000"' <<<"$given" >"$work/parameters"
  while IFS= read -r -d '' parameter; do
    grep -qxF "readEnvironmentVariable('${parameter%%=*}" <<<"$known" ||
      fail "The variable DEPLOYMENT names '${parameter%%=*}', which infra/azure/main.bicepparam does not read. docs/operating.md lists the names."
    export "${parameter?}"
  done <"$work/parameters"
}

# Signs in without a stored secret. The build's token lives for some minutes, and az needs one for each new kind of access: so each step
# of the deployment begins with a new one.
sign_in() {
  [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || return 0
  local token
  token=$(curl -sSf --retry 3 -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=api://AzureADTokenExchange" | jq -er .value) &&
    az login --service-principal -u "$AZURE_CLIENT_ID" -t "$AZURE_TENANT_ID" --federated-token "$token" --output none &&
    az account set --subscription "$AZURE_SUBSCRIPTION_ID"
}

# package TAG: downloads the app of a release, and proves that this repository's release workflow built it from that tag.
package() {
  gh release download "$1" --pattern 'functions-app-*.zip' --output "$work/$1.zip" --clobber &&
    gh attestation verify "$work/$1.zip" --repo "$GH_REPO" --signer-workflow "$GH_REPO/.github/workflows/release.yml" --source-ref "refs/tags/$1" >/dev/null
}

# patiently SECONDS COMMAND: tries until it succeeds. New roles take minutes to work.
patiently() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 15
  done
}

# install TAG: makes it the running package, and says so in a tag of the resource group. A tag of the app would not outlive the next deployment.
install() {
  patiently "${INSTALL_SECONDS:-300}" az functionapp deployment source config-zip -g "$AZURE_RESOURCE_GROUP" -n "$app" --src "$work/$1.zip" --output none &&
    az tag update --resource-id "$group_id" --operation Merge --tags "$mark=$1" --output none
}

# Succeeds once a list of one URL, which no list before had, is closed with its manifest.
smoke() {
  local id list
  id=smoke-$(date -u +%Y%m%d%H%M%S)
  list=$(jq -cn --arg id "$id" --arg url "$SMOKE_URL" '{list_id: $id, inputs: [{url: $url}]}')
  # A rolling update replaces instances in batches and does not say when it has ended. Until then the old package may take the list.
  sleep "${SETTLE_SECONDS:-300}"
  sign_in &&
    patiently "${INSTALL_SECONDS:-300}" az storage message put --auth-mode login --account-name "$account" --queue-name url-lists --content "$list" --output none &&
    patiently "${SMOKE_SECONDS:-900}" az storage blob download --auth-mode login --account-name "$account" --container-name manifests --name "$id.json" \
      --file "$work/manifest.json" --output none &&
    jq -e '.records == 1' "$work/manifest.json" >/dev/null
}

# return_to TAG: makes the package of an earlier release the running one again.
return_to() { sign_in && package "$1" && install "$1"; }

[[ $tag =~ $release ]] || fail "'$tag' is not the tag of a release, such as v1.2.3."
read_parameters
sign_in
package "$tag"
# GitHub's name of an environment may have characters that names in Azure may not have, and its case does not matter.
name=pipeline-$(printf %s "$AZURE_ENV_NAME" | tr '[:upper:]' '[:lower:]' | tr -c 'a-z0-9' '-' | cut -c1-50)
mark=$name-release
group=$(az group show -n "$AZURE_RESOURCE_GROUP" -o json)
group_id=$(jq -er .id <<<"$group")
before=$(jq -r --arg mark "$mark" '.tags[$mark] // empty' <<<"$group")

outputs=$(az deployment group create -g "$AZURE_RESOURCE_GROUP" -n "$name" -p infra/azure/main.bicepparam --query properties.outputs -o json)
# Azure returns the names of outputs in a case of its own.
output() { jq -er "with_entries(.key |= ascii_upcase).$1.value" <<<"$outputs"; }
app=$(output FUNCTION_APP_NAME)
account=$(output STORAGE_ACCOUNT_NAME)
sign_in
if install "$tag" && smoke; then
  echo "$tag runs as $app."
  exit
fi
log="Look at the log stream: az webapp log tail -g $AZURE_RESOURCE_GROUP -n $app"
if [[ ! $before =~ $release ]] || [ "$before" = "$tag" ]; then
  echo "$tag did not return the record of $SMOKE_URL in time, and no other release ran before. $log" >&2
elif return_to "$before"; then
  echo "$tag did not return the record of $SMOKE_URL in time; $before runs again. $log" >&2
else
  echo "$tag did not return the record of $SMOKE_URL in time, and $before could not be deployed again: run this for $before. $log" >&2
fi
exit 1
