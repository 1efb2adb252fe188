#!/usr/bin/env bash
# Creates the GCS bucket that Nimble delivers results to, and the workload identity pool with which the pipeline on Azure reads it without a key.
#
# This is a script of gcloud calls and not Terraform. It creates five things that the caller names and leaves existing ones alone, so there is no state to
# store, lock or lose, and nothing to install besides gcloud. Run it again after any change or error: it continues where it stopped.
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
exists() { gcp "$@" >/dev/null 2>&1; }
lifecycle=$(mktemp)
trap 'rm -f "$lifecycle"' EXIT

exists storage buckets describe "gs://$bucket" ||
  gcp storage buckets create "gs://$bucket" --location="$location" --uniform-bucket-level-access --public-access-prevention
printf '{"rule":[{"action":{"type":"Delete"},"condition":{"age":%d,"matchesPrefix":["%s"]}}]}\n' "$days" "$prefix" >"$lifecycle"
gcp storage buckets update "gs://$bucket" --lifecycle-file="$lifecycle"
if [ -n "$kms_key" ]; then
  # GCS itself encrypts and decrypts, so neither Nimble nor the app needs access to the key.
  gcp storage service-agent --authorize-cmek="$kms_key"
  gcp storage buckets update "gs://$bucket" --default-encryption-key="$kms_key"
fi

# Nimble may create objects below the prefix, but not read, replace or delete any.
condition="expression=resource.name.startsWith('projects/_/buckets/$bucket/objects/$prefix'),title=results"
gcp storage buckets add-iam-policy-binding "gs://$bucket" --member="serviceAccount:$writer" --role=roles/storage.objectCreator --condition="$condition" >/dev/null

exists iam workload-identity-pools describe "$pool" --location=global ||
  gcp iam workload-identity-pools create "$pool" --location=global --display-name="Pipeline on Azure"
provider=(azure --location=global --workload-identity-pool="$pool")
trust=(--issuer-uri="https://sts.windows.net/$tenant/" --allowed-audiences="$audience"
  --attribute-mapping=google.subject=assertion.sub --attribute-condition="assertion.sub == '$subject'")
if exists iam workload-identity-pools providers describe "${provider[@]}"; then
  gcp iam workload-identity-pools providers update-oidc "${provider[@]}" "${trust[@]}"
else
  gcp iam workload-identity-pools providers create-oidc "${provider[@]}" "${trust[@]}"
fi

# The app's identity itself may read and list: there is no service account whose key could leak. Listing has no prefix condition, so this binding is on the bucket.
number=$(gcp projects describe "$project" --format='value(projectNumber)')
[[ $number =~ ^[0-9]+$ ]] || { echo "Cannot find the number of project '$project': gcloud returned '$number'." >&2; exit 1; }
resource="projects/$number/locations/global/workloadIdentityPools/$pool"
gcp storage buckets add-iam-policy-binding "gs://$bucket" --member="principal://iam.googleapis.com/$resource/subject/$subject" --role=roles/storage.objectViewer \
  --condition=None >/dev/null

echo "storage_url=gs://$bucket/$prefix"
echo "provider=//iam.googleapis.com/$resource/providers/azure"
echo "audience=$audience"
