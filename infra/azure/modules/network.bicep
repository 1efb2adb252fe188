// The private network: the app calls through one subnet, storage account and vault answer in the other. The app itself stays public, because Nimble calls it.

import { textMap } from '../names.bicep'

@description('Name of the network.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Resource id of the storage account.')
param storageId string

@description('Resource id of the vault.')
param vaultId string

type endpoint = {
  name: string
  @description('The part of the resource that the endpoint stands for.')
  part: string
  @description('The zone in which the resource\'s public name leads to the endpoint.')
  zone: string
}

var endpoints endpoint[] = [
  { name: 'blob', part: 'blob', zone: 'privatelink.blob.${environment().suffixes.storage}' }
  { name: 'queue', part: 'queue', zone: 'privatelink.queue.${environment().suffixes.storage}' }
  { name: 'table', part: 'table', zone: 'privatelink.table.${environment().suffixes.storage}' }
  { name: 'vault', part: 'vault', zone: 'privatelink${replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')}' }
]

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
  for item in endpoints: {
    name: item.zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (item, i) in endpoints: {
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
        { name: item.name, properties: { privateLinkServiceId: item.part == 'vault' ? vaultId : storageId, groupIds: [item.part] } }
      ]
    }
  }
]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (item, i) in endpoints: {
    parent: privateEndpoints[i]
    name: 'default'
    properties: { privateDnsZoneConfigs: [{ name: item.name, properties: { privateDnsZoneId: zones[i].id } }] }
  }
]

@description('Resource id of the subnet through which the app calls.')
output appSubnetId string = network::app.id
