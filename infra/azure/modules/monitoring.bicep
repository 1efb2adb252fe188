// The destination of logs, traces and metrics. Only identities may write to it.

import { textMap } from '../names.bicep'

@description('Name of the workspace.')
param workspaceName string

@description('Name of the Application Insights component.')
param insightsName string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Days until telemetry is deleted.')
param retentionDays int

@description('Daily cap of telemetry in GB; -1 for no cap.')
param dailyQuotaGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

// The tables of Application Insights keep 90 days whatever the workspace says, unless each is told.
var tables = [
  'AppAvailabilityResults'
  'AppBrowserTimings'
  'AppDependencies'
  'AppEvents'
  'AppExceptions'
  'AppMetrics'
  'AppPageViews'
  'AppPerformanceCounters'
  'AppRequests'
  'AppSystemEvents'
  'AppTraces'
]

resource retention 'Microsoft.OperationalInsights/workspaces/tables@2025-02-01' = [
  for table in tables: {
    parent: workspace
    name: table
    properties: { retentionInDays: retentionDays, totalRetentionInDays: retentionDays }
  }
]

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

@description('Resource id of the workspace, for alerts.')
output workspaceId string = workspace.id

@description('Resource id of the Application Insights component, for the availability test.')
output insightsId string = insights.id

@description('Connection string for telemetry. Sending also requires an identity.')
output connectionString string = insights.properties.ConnectionString
