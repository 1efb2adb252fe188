// The private network: the app calls through one subnet, storage accounts and vault answer in the other. The app itself stays public, because Nimble calls it.

import { textMap } from '../names.bicep'

@description('Name of the network.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Resource id of the storage account.')
param storageId string

@description('Resource id of the Functions host\'s storage account.')
param hostStorageId string

@description('Resource id of the vault.')
param vaultId string

type endpoint = {
  name: string
  @description('The resource that the endpoint stands for.')
  target: 'storage' | 'host' | 'vault'
  @description('The part of the resource.')
  part: string
  @description('The zone in which the resource\'s public name leads to the endpoint.')
  zone: string
}

var blobZone = 'privatelink.blob.${environment().suffixes.storage}'
var queueZone = 'privatelink.queue.${environment().suffixes.storage}'
var tableZone = 'privatelink.table.${environment().suffixes.storage}'
var vaultZone = 'privatelink${replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')}'

var endpoints endpoint[] = [
  { name: 'blob', target: 'storage', part: 'blob', zone: blobZone }
  { name: 'queue', target: 'storage', part: 'queue', zone: queueZone }
  { name: 'table', target: 'storage', part: 'table', zone: tableZone }
  { name: 'vault', target: 'vault', part: 'vault', zone: vaultZone }
  // The host keeps its keys and leases in blobs and its events in tables.
  { name: 'host-blob', target: 'host', part: 'blob', zone: blobZone }
  { name: 'host-table', target: 'host', part: 'table', zone: tableZone }
]

var zoneNames = [blobZone, queueZone, tableZone, vaultZone]

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] }
    subnets: [
      {
        name: 'app'
        properties: {
          // Flex Consumption takes an address for each few instances.
          addressPrefix: '10.0.0.0/22'
          delegations: [{ name: 'app', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      { name: 'endpoints', properties: { addressPrefix: '10.0.8.0/24' } }
    ]
  }

  resource app 'subnets' existing = { name: 'app' }

  resource endpoints 'subnets' existing = { name: 'endpoints' }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in zoneNames: {
    name: zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, i) in zoneNames: {
    parent: zones[i]
    name: name
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
  }
]

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [
  for item in endpoints: {
    name: '${name}-${item.name}'
    location: location
    tags: tags
    properties: {
      subnet: { id: network::endpoints.id }
      privateLinkServiceConnections: [
        { name: item.name, properties: { privateLinkServiceId: item.target == 'vault' ? vaultId : item.target == 'host' ? hostStorageId : storageId, groupIds: [item.part] } }
      ]
    }
  }
]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (item, i) in endpoints: {
    parent: privateEndpoints[i]
    name: 'default'
    properties: { privateDnsZoneConfigs: [{ name: item.name, properties: { privateDnsZoneId: zones[indexOf(zoneNames, item.zone)].id } }] }
  }
]

@description('Resource id of the subnet through which the app calls.')
output appSubnetId string = network::app.id
