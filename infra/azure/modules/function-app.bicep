// The function app on Flex Consumption. functionAppConfig has runtime, memory and package. The settings contain no storage key and no secret.

import { textMap } from '../names.bicep'

@description('Name of the app, which is also its host name.')
param name string

@description('Name of the plan.')
param planName string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Resource id of the app\'s identity.')
param identityId string

@description('URL of the container with the app package.')
param packageUri string

@description('Maximum number of instances of each scale group: the HTTP functions together, and each other function by itself.')
param maximumInstances int

@description('Always-ready instances of the HTTP functions, which receive the callbacks.')
param alwaysReadyHttp int

@description('Always-ready instances of Collect.')
param alwaysReadyCollect int

@description('Maximum number of concurrent requests per instance of the HTTP functions.')
param httpConcurrency int

@description('Whether the plan spreads its instances over the region\'s zones.')
param zoneRedundant bool

@description('What a new package or a changed setting does to running work: RollingUpdate lets it end, Recreate ends it at once.')
param updateStrategy 'RollingUpdate' | 'Recreate'

@description('Resource id of the subnet through which the app calls; empty for none.')
param subnetId string

@description('App settings.')
param settings textMap

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  // azd deploys src/Pipeline.Functions to the app with this tag.
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: { minTlsVersion: '1.2', http20Enabled: true }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageUri
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'dotnet-isolated', version: '10.0' }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: maximumInstances
        alwaysReady: filter(
          [
            { name: 'http', instanceCount: alwaysReadyHttp }
            { name: 'function:Collect', instanceCount: alwaysReadyCollect }
          ],
          group => group.instanceCount > 0
        )
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
      // Azure takes this since 2023-12-01; no version that Bicep has types of declares it.
      #disable-next-line BCP037
      siteUpdateStrategy: { type: updateStrategy }
    }
  }

  resource appsettings 'config' = {
    name: 'appsettings'
    properties: settings
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

@description('Name of the app.')
output name string = app.name

@description('Base URL of its HTTP functions, which include the callbacks.')
output uri string = 'https://${app.properties.defaultHostName}'
