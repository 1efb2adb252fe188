// The workbook: verdicts, flow, lags, failures and cost over weeks, from the metrics of docs/telemetry.md.

import { textMap } from '../names.bicep'

@description('Suffix of the names.')
param suffix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Resource id of the workspace whose metrics it shows.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, suffix, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Pipeline ${suffix}'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: workspaceId
    serializedData: replace(loadTextContent('../workbook.json'), 'WORKSPACE_ID', workspaceId)
  }
}
