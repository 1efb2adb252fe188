// The key vault with the secrets: the API key and the keys of callback tokens.

import { textMap } from '../names.bicep'

@description('Name of the vault.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('The key of the Nimble API.')
@secure()
param nimbleApiKey string

@description('The HMAC key that signs and verifies callback tokens: base64 of at least 32 bytes.')
@secure()
param callbackKey string

@description('During a rotation: the previous key, which still verifies tokens. Empty otherwise.')
@secure()
param previousCallbackKey string

@description('Whether the vault answers only through a private endpoint.')
param isPrivate bool

@description('Resource id of the workspace that receives a log line for each use of a secret.')
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enablePurgeProtection: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow', bypass: 'None' }
  }

  resource apiKey 'secrets' = {
    name: 'nimble-api-key'
    properties: { value: nimbleApiKey, contentType: 'text/plain' }
  }

  resource key 'secrets' = {
    name: 'callback-key'
    properties: { value: callbackKey, contentType: 'text/plain' }
  }

  // Outside a rotation, this is the current key again, so that the app's settings stay the same.
  resource previousKey 'secrets' = {
    name: 'callback-key-previous'
    properties: { value: empty(previousCallbackKey) ? callbackKey : previousCallbackKey, contentType: 'text/plain' }
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: { workspaceId: workspaceId, logs: [{ categoryGroup: 'audit', enabled: true }] }
}

@description('Resource id of the vault, for its private endpoint.')
output id string = vault.id

// The URIs include the version. So a new value is a new reference, which the app reads at once instead of within a day.
@description('Secret URI of the API key.')
output nimbleApiKeyUri string = vault::apiKey.properties.secretUriWithVersion

@description('Secret URI of the key that signs and verifies callback tokens.')
output callbackKeyUri string = vault::key.properties.secretUriWithVersion

@description('Secret URI of the key that only verifies callback tokens.')
output previousCallbackKeyUri string = vault::previousKey.properties.secretUriWithVersion
