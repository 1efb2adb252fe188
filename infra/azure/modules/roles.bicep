// Access to the data. The app's identity may use the pipeline's own queues, containers and tables, producers may only send lists, consumers may only receive the output.

import { workQueues, poisonSuffix, outputQueues, outputContainers, listsQueue, listsContainer, schedulesContainer, claimsContainer, tables } from '../names.bicep'

@description('Name of the pipeline\'s storage account.')
param storageName string

@description('Name of the Functions host\'s storage account.')
param hostStorageName string

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

var queues = concat(workQueues, map(workQueues, queue => '${queue}${poisonSuffix}'), outputQueues)
var otherContainers = concat(filter(outputContainers, container => container != 'records'), [listsContainer, schedulesContainer, claimsContainer])

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource lists 'containers' existing = { name: listsContainer }

    resource outputs 'containers' existing = [for container in outputContainers: { name: container }]

    resource records 'containers' existing = { name: 'records' }

    resource others 'containers' existing = [for container in otherContainers: { name: container }]
  }

  resource queueService 'queueServices' existing = {
    name: 'default'

    resource lists 'queues' existing = { name: listsQueue }

    resource outputs 'queues' existing = [for queue in outputQueues: { name: queue }]

    resource outputPoison 'queues' existing = [for queue in outputQueues: { name: '${queue}${poisonSuffix}' }]

    resource all 'queues' existing = [for queue in queues: { name: queue }]
  }

  resource tableService 'tableServices' existing = {
    name: 'default'

    resource ledger 'tables' existing = [for table in tables: { name: table }]
  }
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = { name: hostStorageName }

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = { name: identityName }

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = { name: vaultName }

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

// The host needs its whole account: it creates the containers of its keys and leases, and a table of its events.
resource appHost 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [roles.blobDataOwner, roles.tableDataContributor]: {
    name: guid(hostStorage.id, identity.id, role)
    scope: hostStorage
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource appQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (queue, i) in queues: {
    name: guid(storage::queueService::all[i].id, identity.id, roles.queueDataContributor)
    scope: storage::queueService::all[i]
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueDataContributor)
    }
  }
]

resource appContainers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (container, i) in otherContainers: {
    name: guid(storage::blobs::others[i].id, identity.id, roles.blobDataContributor)
    scope: storage::blobs::others[i]
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
    }
  }
]

resource appTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (table, i) in tables: {
    name: guid(storage::tableService::ledger[i].id, identity.id, roles.tableDataContributor)
    scope: storage::tableService::ledger[i]
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataContributor)
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

// Producers add lists, and can neither read nor delete any, not even their own: a list may name pages that are nobody else's business.
// Each of Azure's own roles that may write blobs may also delete their container, and no condition excludes that.
resource listWriter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(producers)) {
  name: guid(storage::blobs::lists.id, 'writer')
  properties: {
    roleName: 'Pipeline list writer ${storageName}'
    description: 'Writes blobs, and can neither read nor delete any, nor their container.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
        ]
      }
    ]
  }
}

resource producerContainer 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for producer in producers: {
    name: guid(storage::blobs::lists.id, producer, 'writer')
    scope: storage::blobs::lists
    properties: {
      principalId: producer
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', listWriter.name)
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

// The consumer library moves there what it cannot read.
resource consumerPoison 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for i in range(0, length(consumers) * length(outputQueues)): {
    name: guid(storage::queueService::outputPoison[i % length(outputQueues)].id, consumers[i / length(outputQueues)], roles.queueDataMessageSender)
    scope: storage::queueService::outputPoison[i % length(outputQueues)]
    properties: {
      principalId: consumers[i / length(outputQueues)]
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueDataMessageSender)
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
