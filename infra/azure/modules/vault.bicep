// The secrets: the key of the API and the keys of callback tokens.

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

@description('The HMAC key that signs and verifies callback tokens: base64 of 32 bytes or more.')
@secure()
param callbackKey string

@description('During a rotation: the key before, which still verifies. Empty otherwise.')
@secure()
param previousCallbackKey string

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
  }

  resource apiKey 'secrets' = {
    name: 'nimble-api-key'
    properties: { value: nimbleApiKey, contentType: 'text/plain' }
  }

  resource key 'secrets' = {
    name: 'callback-key'
    properties: { value: callbackKey, contentType: 'text/plain' }
  }

  // Outside a rotation the same key once more, so that the app's settings need not change with it.
  resource previousKey 'secrets' = {
    name: 'callback-key-previous'
    properties: { value: empty(previousCallbackKey) ? callbackKey : previousCallbackKey, contentType: 'text/plain' }
  }
}

// With their versions: a new value is a new reference, which the app reads at once and not within a day.
@description('Where the API key is.')
output nimbleApiKeyUri string = vault::apiKey.properties.secretUriWithVersion

@description('Where the key is that signs and verifies callback tokens.')
output callbackKeyUri string = vault::key.properties.secretUriWithVersion

@description('Where the key is that only verifies them.')
output previousCallbackKeyUri string = vault::previousKey.properties.secretUriWithVersion
