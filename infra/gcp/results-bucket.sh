#!/usr/bin/env bash
# The GCS bucket that Nimble delivers results to, and the workload identity pool by which the pipeline reads it from Azure without any key.
#
# A script of gcloud calls, and not Terraform: it makes five things, each of them named by the caller and left alone where it is there already, so there is no
# state to keep, to lock or to lose, and nothing to install where gcloud is. Run it again after any change or error: it goes on where it stopped.
set -euo pipefail

usage() {
  cat >&2 <<'TEXT'
Usage: infra/gcp/results-bucket.sh PROJECT BUCKET TENANT_ID IDENTITY_PRINCIPAL_ID AUDIENCE

  PROJECT                the Google Cloud project
  BUCKET                 name of the bucket, unique in all of Google Cloud
  TENANT_ID              the Entra tenant of the app (output TENANT_ID of the Azure deployment)
  IDENTITY_PRINCIPAL_ID  principal id of the app's identity (output IDENTITY_PRINCIPAL_ID); the only subject that is trusted
  AUDIENCE               the audience of the app's tokens: the application id URI of an app registration of the tenant, such as api://APP_ID

Environment, with defaults:
  LOCATION=EU            where the bucket is
  PREFIX=results/        what every result's name starts with
  RETENTION_DAYS=30      days until results are deleted; with content=reference keep them as long as the records
  KMS_KEY=               a key of Cloud KMS to encrypt with, projects/P/locations/L/keyRings/R/cryptoKeys/K in the bucket's location; none for Google's own
  POOL=pipeline-azure    the workload identity pool
  NIMBLE_WRITER=nimbleway-gcp-storage@nimbleway-gcp.iam.gserviceaccount.com
                         the account as which Nimble writes
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
[[ $prefix =~ ^([A-Za-z0-9_.-]+/)+$ ]] || { echo "PREFIX '$prefix' must end in a slash and have only letters, digits, '_', '.', '-'." >&2; exit 2; }
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
  # GCS itself encrypts and decrypts, so that neither Nimble nor the app needs a right to the key.
  gcp storage service-agent --authorize-cmek="$kms_key"
  gcp storage buckets update "gs://$bucket" --default-encryption-key="$kms_key"
fi

# Nimble may create objects below the prefix, and neither read, replace nor delete any.
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

# Reading and listing, by the app's identity itself: there is no service account whose key could leak. Listing knows no prefix, so this one is on the bucket.
number=$(gcp projects describe "$project" --format='value(projectNumber)')
[[ $number =~ ^[0-9]+$ ]] || { echo "The number of project '$project' is not known: gcloud said '$number'." >&2; exit 1; }
resource="projects/$number/locations/global/workloadIdentityPools/$pool"
gcp storage buckets add-iam-policy-binding "gs://$bucket" --member="principal://iam.googleapis.com/$resource/subject/$subject" --role=roles/storage.objectViewer \
  --condition=None >/dev/null

echo "storage_url=gs://$bucket/$prefix"
echo "provider=//iam.googleapis.com/$resource/providers/azure"
echo "audience=$audience"
