// The pipeline's storage account: its queues, containers and tables. Only identities have access.

import { workQueues, outputQueues, poisonSuffix, outputContainers, listsContainer, schedulesContainer, claimsContainer, tables, textMap } from '../names.bicep'

@description('Name of the account.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Redundancy.')
param sku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS'

@description('Days after their last write until blobs of records, failures and exports are deleted; 0 never deletes them.')
param recordDays int

@description('Days after their last write until lists in blobs are deleted; 0 never deletes them.')
param listDays int

@description('Days until messages that are too large for a queue are deleted. Must be longer than any message waits.')
param claimDays int

@description('Days after their last write until parts are deleted whose records are in the file of their submission.')
param partDays int

@description('Whether the account answers only through private endpoints.')
param isPrivate bool

@description('Whether a lock prevents the deletion of the account, which holds the ledger and all output.')
param locked bool

@description('Whether the workspace receives a log line for each request.')
param audited bool

@description('Resource id of the workspace.')
param workspaceId string

var retention = [
  { name: listsContainer, container: listsContainer, days: listDays, tags: [] }
  { name: claimsContainer, container: claimsContainer, days: claimDays, tags: [] }
  { name: 'records', container: 'records', days: recordDays, tags: [] }
  { name: 'failures', container: 'failures', days: recordDays, tags: [] }
  { name: 'exports', container: 'exports', days: recordDays, tags: [] }
  // The app tags a part when its submission closes. Without the tag a part stays, however old it is.
  { name: 'parts', container: 'records', days: partDays, tags: [{ name: 'closed', op: '==', value: 'true' }] }
]

var queueNames = concat(workQueues, outputQueues)

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow', bypass: 'None' }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      containerDeleteRetentionPolicy: { enabled: true, days: 7 }
      deleteRetentionPolicy: { enabled: true, days: 7 }
    }

    resource containers 'containers' = [
      for container in concat(outputContainers, [listsContainer, schedulesContainer, claimsContainer]): {
        name: container
        properties: { publicAccess: 'None' }
      }
    ]
  }

  resource queueService 'queueServices' = {
    name: 'default'

    resource queues 'queues' = [
      for queue in concat(queueNames, map(queueNames, queue => '${queue}${poisonSuffix}')): {
        name: queue
      }
    ]
  }

  resource tableService 'tableServices' = {
    name: 'default'

    resource ledger 'tables' = [for table in tables: { name: table }]
  }

  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: map(filter(retention, rule => rule.days > 0), rule => {
          name: 'delete-${rule.name}'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: union(
              { blobTypes: ['blockBlob'], prefixMatch: ['${rule.container}/'] },
              empty(rule.tags) ? {} : { blobIndexMatch: rule.tags }
            )
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: rule.days } } }
          }
        })
      }
    }
    dependsOn: [blobs]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  name: 'keep'
  scope: account
  properties: { level: 'CanNotDelete', notes: 'Holds the ledger and all output of the pipeline.' }
}

resource blobAudit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (audited) {
  name: 'audit'
  scope: account::blobs
  properties: { workspaceId: workspaceId, logs: [{ categoryGroup: 'audit', enabled: true }] }
}

resource queueAudit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (audited) {
  name: 'audit'
  scope: account::queueService
  properties: { workspaceId: workspaceId, logs: [{ categoryGroup: 'audit', enabled: true }] }
}

resource tableAudit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (audited) {
  name: 'audit'
  scope: account::tableService
  properties: { workspaceId: workspaceId, logs: [{ categoryGroup: 'audit', enabled: true }] }
}

@description('Resource id of the account, for alerts and private endpoints.')
output id string = account.id
