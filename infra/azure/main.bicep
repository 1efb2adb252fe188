metadata description = 'The pipeline on Azure: a function app with its storage accounts, vault, monitoring and identity. Only composes modules/.'

import { listsContainer, schedulesContainer, textMap } from 'names.bicep'

@description('Name of this deployment. The names of all resources end with a hash of it and the resource group.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources: one that offers Flex Consumption and storage over several zones.')
@allowed([
  'australiaeast'
  'brazilsouth'
  'canadacentral'
  'centralindia'
  'centralus'
  'eastasia'
  'eastus'
  'eastus2'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southcentralus'
  'southeastasia'
  'spaincentral'
  'swedencentral'
  'uaenorth'
  'uksouth'
  'westeurope'
  'westus2'
  'westus3'
])
@metadata({ azd: { type: 'location' } })
param location string

@description('The key of the Nimble API.')
@secure()
param nimbleApiKey string

@description('Where Nimble delivers results: s3://bucket/prefix/ or gs://bucket/prefix/. If empty, the app reads results from the API.')
param storageUrl string = ''

@description('Whether Nimble compresses the objects with gzip.')
param compress bool = true

@description('The HMAC key of callback tokens: base64 of at least 32 bytes, for example from openssl rand -base64 32.')
@secure()
param callbackKey string

@description('During a rotation: the previous key, which still verifies tokens.')
@secure()
param previousCallbackKey string = ''

@description('The base URL of callbacks if it is not the app\'s own address, for example the URL of a gateway.')
param callbackBase string = ''

@description('For keyless sign-in to the bucket\'s cloud: the audience that it trusts, an application id URI such as api://APP_ID.')
param tokenAudience string = ''

@description('The AWS role that the app assumes: output RoleArn of infra/aws/results-bucket.yaml.')
param awsRoleArn string = ''

@description('The region of the S3 bucket: output Region of infra/aws/results-bucket.yaml.')
param awsRegion string = ''

@description('requester if readers pay for requests to the S3 bucket.')
param awsRequestPayer '' | 'requester' = ''

@description('The workload identity provider with which the app signs in to Google: provider in the output of infra/gcp/results-bucket.sh.')
param googleWorkloadProvider string = ''

@description('The Google service account to impersonate, unless the identity itself may read.')
param googleServiceAccount string = ''

@description('The Google Cloud project that is billed if readers pay for requests to the GCS bucket.')
param googleQuotaProject string = ''

@description('Additional app settings, which override those set here: Pipeline__* of docs/settings.md, Key Vault references. No secrets.')
param settings textMap = {}

@description('Redundancy of the storage accounts.')
param storageSku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_ZRS'

@description('Days until blobs of records, failures and exports are deleted; 0 never deletes them.')
@minValue(0)
param recordDays int = 0

@description('Days until lists in blobs are deleted; 0 never deletes them.')
@minValue(0)
param listDays int = 90

@description('Days until messages that are too large for a queue are deleted.')
@minValue(8)
param claimDays int = 30

@description('Days until parts are deleted, counted from their last write; never before their submission is closed.')
@minValue(1)
param partDays int = 7

@description('Maximum number of instances of each scale group. There are 11 groups, and a region\'s default quota is 250 instances over all of them.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 20

@description('Always-ready instances of the HTTP functions, so that a webhook never waits for a cold start. 0 costs nothing.')
@minValue(0)
param alwaysReadyHttp int = 0

@description('Always-ready instances of Collect. 0 costs nothing.')
@minValue(0)
param alwaysReadyCollect int = 0

@description('Maximum number of concurrent webhooks per instance.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 100

@description('What a new package or a changed setting does to running work: RollingUpdate, a preview, lets it end; Recreate ends it at once.')
param updateStrategy 'RollingUpdate' | 'Recreate' = 'RollingUpdate'

@description('Email addresses that alerts are sent to.')
param alertEmails string[] = []

@description('Webhooks that alerts are sent to in the common alert schema, by name: { pager: \'https://...\' }.')
@secure()
param alertWebhooks { *: string } = {}

@description('Address of a Teams workflow that posts cards to a channel, for alerts; empty for none.')
@secure()
param teamsUrl string = ''

@description('Hours after which an open list counts as stuck. One task may take 24 hours.')
@minValue(1)
param oldestListHours int = 30

@description('Days until telemetry is deleted.')
@minValue(30)
@maxValue(730)
param telemetryDays int = 30

@description('Daily cap of telemetry in GB; -1 for no cap. Once it is reached, alerts see nothing until the next day.')
param telemetryDailyGb int = -1

@description('Principal ids that may send lists.')
param producers string[] = []

@description('Principal ids that may receive records, failures and manifests.')
param consumers string[] = []

@description('Whether storage accounts and vault answer only in a private network, through which the app calls them.')
param privateNetwork bool = false

@description('Whether the app\'s plan spreads its instances over the region\'s zones. The storage account is spread by its SKU.')
param zoneRedundant bool = false

@description('Whether a lock prevents the deletion of the storage account, and with it azd down.')
param storageLock bool = false

@description('Whether each request to the storage account is logged. Costs about as much as the requests themselves.')
param storageAudit bool = false

@description('Whether the app is called every five minutes from five places, and an alert fires if it does not answer.')
param availabilityTest bool = false

@description('Amount a month, in the currency of the subscription, of which mail reports 80 and 100 percent; 0 for no budget.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the month in which the budget starts, such as 2026-12-01. Needed for a budget.')
param budgetStart string = ''

@description('Tags of every resource.')
param tags textMap = {}

// Azure does not distinguish upper and lower case in the name of a group, nor GitHub in that of an environment; uniqueString does. With other
// names the same deployment would get a second, empty storage account.
var suffix = uniqueString(toLower(resourceGroup().id), toLower(environmentName))
var identityName = 'id-${suffix}'
var storageName = 'st${suffix}'
var hostStorageName = 'sthost${suffix}'
var vaultName = 'kv-${suffix}'
var insightsName = 'appi-${suffix}'

module identity 'modules/identity.bicep' = {
  params: { name: identityName, location: location, tags: tags }
}

module storage 'modules/storage.bicep' = {
  params: {
    name: storageName
    location: location
    tags: tags
    sku: storageSku
    recordDays: recordDays
    listDays: listDays
    claimDays: claimDays
    partDays: partDays
    isPrivate: privateNetwork
    locked: storageLock
    audited: storageAudit
    workspaceId: monitoring.outputs.workspaceId
  }
}

module hostStorage 'modules/host-storage.bicep' = {
  params: { name: hostStorageName, location: location, tags: tags, sku: storageSku, isPrivate: privateNetwork }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  params: {
    name: 'vnet-${suffix}'
    location: location
    tags: tags
    storageId: storage.outputs.id
    hostStorageId: hostStorage.outputs.id
    vaultId: vault.outputs.id
  }
}

module vault 'modules/vault.bicep' = {
  params: {
    name: vaultName
    location: location
    tags: tags
    nimbleApiKey: nimbleApiKey
    callbackKey: callbackKey
    previousCallbackKey: previousCallbackKey
    isPrivate: privateNetwork
    workspaceId: monitoring.outputs.workspaceId
  }
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    workspaceName: 'log-${suffix}'
    insightsName: insightsName
    location: location
    tags: tags
    retentionDays: telemetryDays
    dailyQuotaGb: telemetryDailyGb
  }
}

// Roles are assigned before the app is created: as soon as it starts, it needs them for its package, secrets and queues.
module roles 'modules/roles.bicep' = {
  params: {
    storageName: storageName
    hostStorageName: hostStorageName
    vaultName: vaultName
    insightsName: insightsName
    identityName: identityName
    // An id that is named twice would be one resource twice.
    producers: union(producers, [])
    consumers: union(consumers, [])
  }
  dependsOn: [identity, storage, hostStorage, vault, monitoring]
}

module app 'modules/function-app.bicep' = {
  params: {
    name: 'func-${suffix}'
    planName: 'plan-${suffix}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    packageUri: hostStorage.outputs.packageUri
    maximumInstances: maximumInstances
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyCollect: alwaysReadyCollect
    httpConcurrency: httpConcurrency
    zoneRedundant: zoneRedundant
    updateStrategy: updateStrategy
    subnetId: network.?outputs.appSubnetId ?? ''
    settings: union(
      {
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
        APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
        AZURE_CLIENT_ID: identity.outputs.clientId
        AzureWebJobsStorage__accountName: hostStorageName
        AzureWebJobsStorage__clientId: identity.outputs.clientId
        AzureWebJobsStorage__credential: 'managedidentity'
        PipelineStorage__accountName: storageName
        PipelineStorage__clientId: identity.outputs.clientId
        PipelineStorage__credential: 'managedidentity'
        NIMBLE_API_KEY: '@Microsoft.KeyVault(SecretUri=${vault.outputs.nimbleApiKeyUri})'
        Pipeline__Delivery__CallbackKeys__0: '@Microsoft.KeyVault(SecretUri=${vault.outputs.callbackKeyUri})'
        Pipeline__Delivery__CallbackKeys__1: '@Microsoft.KeyVault(SecretUri=${vault.outputs.previousCallbackKeyUri})'
        Pipeline__Delivery__Compress: string(compress)
        Pipeline__Intake__SourcePrefixes__0: 'azblob://${listsContainer}/'
        Pipeline__Intake__SourcePrefixes__1: 'azblob://${schedulesContainer}/'
      },
      // Empty values are not set.
      toObject(
        filter(
          [
            { name: 'Pipeline__Delivery__StorageUrl', value: storageUrl }
            { name: 'Pipeline__Delivery__CallbackBase', value: callbackBase }
            { name: 'AZURE_TOKEN_AUDIENCE', value: tokenAudience }
            { name: 'AWS_ROLE_ARN', value: awsRoleArn }
            { name: 'AWS_REGION', value: awsRegion }
            { name: 'AWS_REQUEST_PAYER', value: awsRequestPayer }
            { name: 'GOOGLE_WORKLOAD_PROVIDER', value: googleWorkloadProvider }
            { name: 'GOOGLE_SERVICE_ACCOUNT', value: googleServiceAccount }
            { name: 'GOOGLE_CLOUD_QUOTA_PROJECT', value: googleQuotaProject }
          ],
          setting => !empty(setting.value)
        ),
        setting => setting.name,
        setting => setting.value
      ),
      settings
    )
  }
  dependsOn: [roles]
}

module receivers 'modules/receivers.bicep' = {
  params: {
    suffix: suffix
    location: location
    tags: tags
    emails: alertEmails
    webhooks: alertWebhooks
    teamsUrl: teamsUrl
  }
}

module workbook 'modules/workbook.bicep' = {
  params: {
    suffix: suffix
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module alerts 'modules/alerts.bicep' = {
  params: {
    suffix: suffix
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    actionGroupId: receivers.outputs.actionGroupId
    oldestListHours: oldestListHours
    hasConsumers: !empty(consumers)
    storageId: storage.outputs.id
  }
}

module governance 'modules/governance.bicep' = {
  params: {
    suffix: suffix
    location: location
    tags: tags
    monthlyBudget: monthlyBudget
    budgetStart: budgetStart
    emails: alertEmails
    tested: availabilityTest
    testUrl: '${app.outputs.uri}/api/healthz'
    insightsId: monitoring.outputs.insightsId
    actionGroupId: receivers.outputs.actionGroupId
  }
}

@description('Name of the function app.')
output FUNCTION_APP_NAME string = app.outputs.name

@description('Base URL of its HTTP functions.')
output FUNCTION_APP_URI string = app.outputs.uri

@description('Name of the storage account. Input: queue url-lists. Output: queues records, failures and manifests.')
output STORAGE_ACCOUNT_NAME string = storageName

@description('Name of the key vault.')
output KEY_VAULT_NAME string = vaultName

@description('Name of the app\'s identity.')
output IDENTITY_NAME string = identityName

@description('Name of the Application Insights component.')
output INSIGHTS_NAME string = insightsName

@description('Principal id of the app\'s identity: the subject that AWS and Google trust.')
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId

@description('Client id of the app\'s identity.')
output IDENTITY_CLIENT_ID string = identity.outputs.clientId

@description('Id of the tenant, which is part of the issuer that AWS and Google trust.')
output TENANT_ID string = tenant().tenantId
