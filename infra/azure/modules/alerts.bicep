// The alerts. Each rule queries the app's log or the account's metrics; docs/operating.md says what to do about each.

import { textMap } from '../names.bicep'

@description('Suffix of the names of the rules.')
param suffix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Resource id of the workspace.')
param workspaceId string

@description('Email addresses that alerts are sent to. Without any, alerts appear only in the portal.')
param emails string[]

@description('Resource id of the storage account.')
param storageId string

@description('Hours after which an open list counts as stuck.')
param oldestListHours int

type rule = {
  name: string
  severity: int
  description: string
  query: string
  @description('The time range that one evaluation covers. Telemetry may arrive some minutes late, so none is shorter than 30 minutes.')
  window: string
  operator: 'GreaterThan'
  threshold: int
  @description('The column whose maximum is compared. Without one, the rows are counted.')
  column: string?
}

var poisoned = '''
AppTraces
| where Message contains "A message of queue" or Message contains "was given up after try"
'''

var unknown = '''
let sent = AppTraces
| where Message contains "It is unknown whether Nimble accepted"
| where TimeGenerated < ago(15m)
| distinct Submission = tostring(Properties.SubmissionId);
let found = AppTraces
| where Message contains "turned out to be accepted as"
| distinct Submission = tostring(Properties.SubmissionId);
sent
| join kind=leftanti found on Submission
'''

var swept = '''
AppTraces
| where Message contains "due submissions, the longest overdue by"
| extend Overdue = todouble(Properties.OverdueMinutes), Oldest = todouble(Properties.OldestMinutes)
'''

// A new app has logged nothing yet: only one that did and then fell silent is a fault.
var silent = '''
AppTraces
| where Message contains "due submissions, the longest overdue by"
| summarize Last = max(TimeGenerated)
| where Last < ago(20m)
'''

var serverErrors = '''
AppRequests
| where ResultCode startswith "5"
'''

var paused = '''
AppTraces
| where Message contains "and all others wait for"
'''

var rules rule[] = [
  {
    name: 'dead-letters'
    severity: 1
    description: 'A message failed all its tries, or a notification was given up. The ledger counts the inputs of a message as failures; the log has the error.'
    query: poisoned
    window: 'PT30M'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'unknown-submissions'
    severity: 1
    description: 'For 15 minutes it has been unknown whether Nimble accepted a submission. It will not be reposted automatically.'
    query: unknown
    window: 'PT1H'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'sweep-silent'
    severity: 1
    description: 'Sweep has not finished a run for 20 minutes. Until it does, results without a webhook are not found and no list closes.'
    query: silent
    window: 'P2D'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'sweep-behind'
    severity: 2
    description: 'A submission has waited for Sweep for more than 30 minutes.'
    query: swept
    window: 'PT30M'
    operator: 'GreaterThan'
    threshold: 30
    column: 'Overdue'
  }
  {
    name: 'oldest-work'
    severity: 2
    description: 'A list has been open for longer than expected.'
    query: swept
    window: 'PT30M'
    operator: 'GreaterThan'
    threshold: oldestListHours * 60
    column: 'Oldest'
  }
  {
    name: 'submission-paused'
    severity: 2
    description: 'No batches are submitted: the account has no budget, the key is refused, requests are throttled, or Nimble is unreachable.'
    query: paused
    window: 'PT30M'
    operator: 'GreaterThan'
    threshold: 20
  }
  {
    name: 'server-errors'
    severity: 2
    description: 'The app answered webhooks or requests with errors of its own.'
    query: serverErrors
    window: 'PT30M'
    operator: 'GreaterThan'
    threshold: 20
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'ag-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'pipeline'
    emailReceivers: map(emails, (email, i) => { name: 'mail${i}', emailAddress: email, useCommonAlertSchema: true })
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${rule.name}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Pipeline: ${replace(rule.name, '-', ' ')}'
      description: rule.description
      severity: rule.severity
      enabled: true
      autoMitigate: true
      scopes: [workspaceId]
      // A new workspace has no tables yet.
      skipQueryValidation: true
      evaluationFrequency: 'PT5M'
      windowSize: rule.window
      criteria: {
        allOf: [
          union(
            {
              query: rule.query
              operator: rule.operator
              threshold: rule.threshold
              failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
            },
            rule.?column == null ? { timeAggregation: 'Count' } : { timeAggregation: 'Maximum', metricMeasureColumn: rule.?column }
          )
        ]
      }
      actions: { actionGroups: empty(emails) ? [] : [group.id] }
    }
  }
]

resource throttled 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'storage-throttled-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: 'The storage account refused requests because there were too many.'
    severity: 2
    enabled: true
    autoMitigate: true
    scopes: [storageId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'busy'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.Storage/storageAccounts'
          metricName: 'Transactions'
          dimensions: [{ name: 'ResponseType', operator: 'Include', values: ['ServerBusyError', 'ClientThrottlingError'] }]
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 100
        }
      ]
    }
    actions: empty(emails) ? [] : [{ actionGroupId: group.id }]
  }
}

@description('Resource id of the action group; empty without addresses.')
output actionGroupId string = empty(emails) ? '' : group.id
