// The function app's identity. It exists before the app and outlives it, so that AWS and Google can trust its principal id.

import { textMap } from '../names.bicep'

@description('Name of the identity.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id, for the app.')
output id string = identity.id

@description('Client id, for the SDKs.')
output clientId string = identity.properties.clientId

@description('Principal id, which is the subject of its tokens.')
output principalId string = identity.properties.principalId
