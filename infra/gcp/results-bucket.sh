#!/usr/bin/env bash
# Creates the GCS bucket that Nimble delivers results to, and the workload identity pool with which the pipeline on Azure reads it without a key.
#
# This is a script of gcloud calls and not Terraform. It creates or corrects five things that the caller names, so there is no state to store, lock or lose, and
# nothing to install besides gcloud. Run it again after any change or error: it continues where it stopped.
set -euo pipefail

usage() {
  cat >&2 <<'TEXT'
Usage: infra/gcp/results-bucket.sh PROJECT BUCKET TENANT_ID IDENTITY_PRINCIPAL_ID AUDIENCE

  PROJECT                the Google Cloud project
  BUCKET                 name of the bucket, globally unique in Google Cloud
  TENANT_ID              the Entra tenant of the app (output TENANT_ID of the Azure deployment)
  IDENTITY_PRINCIPAL_ID  principal id of the app's identity (output IDENTITY_PRINCIPAL_ID); the pool trusts only this subject
  AUDIENCE               the audience of the app's tokens: the application id URI of an app registration in the tenant, such as api://APP_ID

Environment, with defaults:
  LOCATION=EU            location of the bucket
  PREFIX=results/        prefix of every result's name
  RETENTION_DAYS=30      days until results are deleted; with content=reference, keep them as long as the records
  KMS_KEY=               Cloud KMS key to encrypt with, projects/P/locations/L/keyRings/R/cryptoKeys/K in the bucket's location; empty for Google's own
  POOL=pipeline-azure    name of the workload identity pool
  NIMBLE_WRITER=nimbleway-gcp-storage@nimbleway-gcp.iam.gserviceaccount.com
                         service account with which Nimble writes
TEXT
  exit 2
}

[ $# -eq 5 ] || usage
project=$1 bucket=$2 tenant=$3 subject=$4 audience=$5
location=${LOCATION:-EU} prefix=${PREFIX:-results/} days=${RETENTION_DAYS:-30} pool=${POOL:-pipeline-azure}
kms_key=${KMS_KEY:-}
writer=${NIMBLE_WRITER:-nimbleway-gcp-storage@nimbleway-gcp.iam.gserviceaccount.com}
uuid='^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
[[ $tenant =~ $uuid ]] || { echo "TENANT_ID '$tenant' is not an id such as 11111111-2222-3333-4444-555555555555." >&2; exit 2; }
[[ $subject =~ $uuid ]] || { echo "IDENTITY_PRINCIPAL_ID '$subject' is not an id such as 11111111-2222-3333-4444-555555555555." >&2; exit 2; }
[[ $prefix =~ ^([A-Za-z0-9_.-]+/)+$ ]] || { echo "PREFIX '$prefix' must end with a slash and contain only letters, digits, '_', '.', '-' and '/'." >&2; exit 2; }
[[ $days =~ ^[1-9][0-9]*$ ]] || { echo "RETENTION_DAYS '$days' is not a number of days." >&2; exit 2; }
[[ $kms_key =~ ^(projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+)?$ ]] || { echo "KMS_KEY '$kms_key' is not the name of a key such as projects/P/locations/L/keyRings/R/cryptoKeys/K." >&2; exit 2; }

gcp() { gcloud "$@" --project="$project" --quiet; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
lifecycle=$work/lifecycle.json

# look COMMAND: sets $state to the state of a resource, to ABSENT if there is none. Ends the script if gcloud cannot tell: a resource that may
# not be seen must not count as absent.
look() {
  if state=$(gcp "$@" '--format=value(state)' 2>"$work/error"); then
    state=${state:-ACTIVE}
  elif grep -qE 'not found: 404|NOT_FOUND' "$work/error"; then
    state=ABSENT
  else
    cat "$work/error" >&2
    echo "Cannot tell whether this exists: gcloud $*. Grant yourself the right to see it, then run the script again. A bucket may also be somebody else's: then choose another name." >&2
    exit 1
  fi
}

gcp services enable storage.googleapis.com iam.googleapis.com iamcredentials.googleapis.com sts.googleapis.com cloudresourcemanager.googleapis.com

look storage buckets describe "gs://$bucket"
case $state in
  ABSENT) gcp storage buckets create "gs://$bucket" --location="$location" --uniform-bucket-level-access --public-access-prevention ;;
  *) gcp storage buckets update "gs://$bucket" --uniform-bucket-level-access --public-access-prevention ;;
esac
printf '{"rule":[{"action":{"type":"Delete"},"condition":{"age":%d,"matchesPrefix":["%s"]}}]}\n' "$days" "$prefix" >"$lifecycle"
gcp storage buckets update "gs://$bucket" --lifecycle-file="$lifecycle"
if [ -n "$kms_key" ]; then
  # GCS itself encrypts and decrypts, so neither Nimble nor the app needs access to the key.
  gcp storage service-agent --authorize-cmek="$kms_key"
  gcp storage buckets update "gs://$bucket" --default-encryption-key="$kms_key"
fi

# What an earlier run granted for another prefix or another identity is taken back at the end.
gcp storage buckets get-iam-policy "gs://$bucket" '--flatten=bindings[].members[]' \
  '--format=csv[no-heading,separator="|"](bindings.role,bindings.members,bindings.condition.title,bindings.condition.expression)' >"$work/bindings"

# Nimble may create objects below the prefix, but not read, replace or delete any.
condition="expression=resource.name.startsWith('projects/_/buckets/$bucket/objects/$prefix'),title=results"
gcp storage buckets add-iam-policy-binding "gs://$bucket" --member="serviceAccount:$writer" --role=roles/storage.objectCreator --condition="$condition" >/dev/null

# A deleted pool keeps its name for 30 days, and so does a provider.
look iam workload-identity-pools describe "$pool" --location=global
case $state in
  ABSENT) gcp iam workload-identity-pools create "$pool" --location=global --display-name="Pipeline on Azure" ;;
  DELETED) gcp iam workload-identity-pools undelete "$pool" --location=global ;;
esac
provider=(azure --location=global --workload-identity-pool="$pool")
trust=(--issuer-uri="https://sts.windows.net/$tenant/" --allowed-audiences="$audience"
  --attribute-mapping=google.subject=assertion.sub --attribute-condition="assertion.sub == '$subject'")
look iam workload-identity-pools providers describe "${provider[@]}"
[ "$state" != DELETED ] || gcp iam workload-identity-pools providers undelete "${provider[@]}"
case $state in
  ABSENT) gcp iam workload-identity-pools providers create-oidc "${provider[@]}" "${trust[@]}" ;;
  *) gcp iam workload-identity-pools providers update-oidc "${provider[@]}" "${trust[@]}" ;;
esac

# The app's identity itself may read and list: there is no service account whose key could leak. Listing has no prefix condition, so this binding is on the bucket.
number=$(gcp projects describe "$project" --format='value(projectNumber)')
[[ $number =~ ^[0-9]+$ ]] || { echo "Cannot find the number of project '$project': gcloud returned '$number'." >&2; exit 1; }
resource="projects/$number/locations/global/workloadIdentityPools/$pool"
gcp storage buckets add-iam-policy-binding "gs://$bucket" --member="principal://iam.googleapis.com/$resource/subject/$subject" --role=roles/storage.objectViewer \
  --condition=None >/dev/null

while IFS='|' read -r role member title expression; do
  case "$role|$member" in
    "roles/storage.objectCreator|serviceAccount:$writer")
      if [ "$title" != results ] || [ "expression=$expression,title=results" = "$condition" ]; then continue; fi
      stale="expression=$expression,title=$title"
      ;;
    "roles/storage.objectViewer|principal://iam.googleapis.com/$resource/subject/"*)
      [ "${member##*/}" != "$subject" ] || continue
      stale=None
      ;;
    *) continue ;;
  esac
  gcp storage buckets remove-iam-policy-binding "gs://$bucket" --member="$member" --role="$role" --condition="$stale" >/dev/null
done <"$work/bindings"

echo "storage_url=gs://$bucket/$prefix"
echo "provider=//iam.googleapis.com/$resource/providers/azure"
echo "audience=$audience"
