// The function app on Flex Consumption. Runtime, memory and package are in functionAppConfig; no storage key and no secret is in its settings.

import { textMap } from '../names.bicep'

@description('Name of the app, which is also its host name.')
param name string

@description('Name of the plan.')
param planName string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Resource id of the identity it works with.')
param identityId string

@description('Address of the container with the app package.')
param packageUri string

@description('Instances at most, over all functions.')
param maximumInstances int

@description('Instances of the HTTP functions that are always warm: the callbacks.')
param alwaysReadyHttp int

@description('Instances of Collect that are always warm.')
param alwaysReadyCollect int

@description('Requests at once on one instance of the HTTP functions.')
param httpConcurrency int

@description('Environment of the app.')
param settings textMap

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  // What azd deploys src/Pipeline.Functions to.
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
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

@description('Root of its HTTP functions; what Nimble calls lies below.')
output uri string = 'https://${app.properties.defaultHostName}'
