// What watches the deployment from outside the app: a budget, and a test that calls it from several places.

import { textMap } from '../names.bicep'

@description('Suffix of the names.')
param suffix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Amount a month, in the currency of the subscription, at 80 and 100 percent of which mail is sent; 0 for no budget.')
param monthlyBudget int

@description('First day of the month in which the budget starts, such as 2026-12-01.')
param budgetStart string

@description('Email addresses that the budget writes to.')
param emails string[]

@description('Whether the URL is called every five minutes from five places.')
param tested bool

@description('URL of the health check.')
param testUrl string

@description('Resource id of the Application Insights component.')
param insightsId string

@description('Resource id of the action group.')
param actionGroupId string

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = if (monthlyBudget > 0) {
  name: 'budget-${suffix}'
  properties: {
    category: 'Cost'
    amount: monthlyBudget
    timeGrain: 'Monthly'
    timePeriod: { startDate: budgetStart }
    notifications: toObject(
      [80, 100],
      percent => 'at${percent}',
      percent => { enabled: true, operator: 'GreaterThanOrEqualTo', threshold: percent, contactEmails: emails, contactRoles: ['Owner'] }
    )
  }
}

resource test 'Microsoft.Insights/webtests@2022-06-15' = if (tested) {
  name: 'health-${suffix}'
  location: location
  // Without this tag the component does not show the test.
  tags: union(tags, { 'hidden-link:${insightsId}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'health-${suffix}'
    Name: 'Pipeline: health'
    Kind: 'standard'
    Enabled: true
    Frequency: 300
    Timeout: 30
    RetryEnabled: true
    Locations: map(
      ['emea-nl-ams-azr', 'emea-gb-db3-azr', 'us-va-ash-azr', 'us-ca-sjc-azr', 'apac-sg-sin-azr'],
      place => { Id: place }
    )
    Request: { RequestUrl: testUrl, HttpVerb: 'GET', ParseDependentRequests: false }
    ValidationRules: { ExpectedHttpStatusCode: 200, SSLCheck: true, SSLCertRemainingLifetimeCheck: 7 }
  }
}

resource unreachable 'Microsoft.Insights/metricAlerts@2018-03-01' = if (tested) {
  name: 'unreachable-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: 'The app did not answer its health check from two or more places. What to do: docs/runbook.md#unreachable'
    severity: 1
    enabled: true
    autoMitigate: true
    scopes: [test.id, insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: test.id
      componentId: insightsId
      failedLocationCount: 2
    }
    actions: [{ actionGroupId: actionGroupId }]
  }
}
