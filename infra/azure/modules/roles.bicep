// Access to the data. The app's identity may read and write everything, producers may only send lists, consumers may only receive the output.

import { outputQueues, outputContainers, listsQueue, listsContainer } from '../names.bicep'

@description('Name of the storage account.')
param storageName string

@description('Name of the vault.')
param vaultName string

@description('Name of the Application Insights component.')
param insightsName string

@description('Name of the app\'s identity.')
param identityName string

@description('Principal ids that may send lists.')
param producers string[]

@description('Principal ids that may receive records, failures and manifests.')
param consumers string[]

var roles = {
  blobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  blobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  blobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  queueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  queueDataMessageProcessor: '8a0f0c08-91a1-4084-bc3d-661d67233fed'
  queueDataMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  tableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource lists 'containers' existing = { name: listsContainer }

    resource outputs 'containers' existing = [for container in outputContainers: { name: container }]

    resource records 'containers' existing = { name: 'records' }
  }

  resource queueService 'queueServices' existing = {
    name: 'default'

    resource lists 'queues' existing = { name: listsQueue }

    resource outputs 'queues' existing = [for queue in outputQueues: { name: queue }]
  }
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = { name: identityName }

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = { name: vaultName }

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

resource appStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [roles.blobDataContributor, roles.queueDataContributor, roles.tableDataContributor]: {
    name: guid(storage.id, identity.id, role)
    scope: storage
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

// Only an owner may set the tags by which the lifecycle rule finds parts that nobody needs any more.
resource appParts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage::blobs::records.id, identity.id, roles.blobDataOwner)
  scope: storage::blobs::records
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataOwner)
  }
}

resource appSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, roles.keyVaultSecretsUser)
  scope: vault
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}

resource appTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identity.id, roles.monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
  }
}

resource producerQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for producer in producers: {
    name: guid(storage::queueService::lists.id, producer, roles.queueDataMessageSender)
    scope: storage::queueService::lists
    properties: {
      principalId: producer
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueDataMessageSender)
    }
  }
]

resource producerContainer 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for producer in producers: {
    name: guid(storage::blobs::lists.id, producer, roles.blobDataContributor)
    scope: storage::blobs::lists
    properties: {
      principalId: producer
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
    }
  }
]

resource consumerQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for i in range(0, length(consumers) * length(outputQueues)): {
    name: guid(storage::queueService::outputs[i % length(outputQueues)].id, consumers[i / length(outputQueues)], roles.queueDataMessageProcessor)
    scope: storage::queueService::outputs[i % length(outputQueues)]
    properties: {
      principalId: consumers[i / length(outputQueues)]
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueDataMessageProcessor)
    }
  }
]

resource consumerContainers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for i in range(0, length(consumers) * length(outputContainers)): {
    name: guid(storage::blobs::outputs[i % length(outputContainers)].id, consumers[i / length(outputContainers)], roles.blobDataReader)
    scope: storage::blobs::outputs[i % length(outputContainers)]
    properties: {
      principalId: consumers[i / length(outputContainers)]
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataReader)
    }
  }
]
