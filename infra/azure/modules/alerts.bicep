// The alerts. Each rule queries what the app measures (the meter Pipeline) or the account's own metrics; docs/runbook.md says what to do about each.

import { textMap } from '../names.bicep'

@description('Suffix of the names of the rules.')
param suffix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Resource id of the workspace.')
param workspaceId string

@description('Resource id of the action group that alerts are sent to.')
param actionGroupId string

@description('Resource id of the storage account.')
param storageId string

@description('Hours after which an open list counts as stuck.')
param oldestListHours int

@description('Whether somebody reads the output queues, so that messages that nobody takes are a fault.')
param hasConsumers bool

type rule = {
  name: string
  severity: int
  description: string
  query: string
  @description('The time range that one evaluation covers. Telemetry may arrive some minutes late, so none is shorter than 30 minutes.')
  window: string
  @description('The threshold that must be exceeded.')
  threshold: int
  @description('How the rows become one number.')
  aggregation: 'Count' | 'Maximum' | 'Number' | 'Total'
}

// A row is what one process measured in a minute: the sum and the largest of its measurements, and their number.
var aggregations = {
  Count: { of: 'Count', column: {} }
  Maximum: { of: 'Maximum', column: { metricMeasureColumn: 'Max' } }
  Number: { of: 'Total', column: { metricMeasureColumn: 'ItemCount' } }
  Total: { of: 'Total', column: { metricMeasureColumn: 'Sum' } }
}

// Each alert has an entry there, whose anchor is the alert's name.
var runbook = 'docs/runbook.md'

var metric = 'AppMetrics | where Name == '

var rules rule[] = [
  {
    name: 'dead-letters'
    severity: 1
    description: 'A message failed all its tries. The ledger counts its inputs as failures; the log has the error.'
    query: '${metric}"pipeline.dead_letters"'
    window: 'PT30M'
    threshold: 0
    aggregation: 'Total'
  }
  {
    name: 'unknown-submissions'
    severity: 1
    description: 'For 15 minutes it has been unknown whether Nimble accepted a submission. It will not be reposted automatically.'
    query: '${metric}"pipeline.submissions.unknown_age"'
    window: 'PT30M'
    threshold: 900
    aggregation: 'Maximum'
  }
  // A new app has measured nothing yet: only one that did and then fell silent is a fault.
  {
    name: 'sweep-silent'
    severity: 1
    description: 'Sweep has not finished a pass for 20 minutes. Until it does, results without a webhook are not found and no list closes.'
    query: '${metric}"pipeline.sweep.duration" and isempty(tostring(Properties["error.type"])) | summarize Last = max(TimeGenerated) | where Last < ago(20m)'
    window: 'P2D'
    threshold: 0
    aggregation: 'Count'
  }
  {
    name: 'sweep-behind'
    severity: 2
    description: 'A submission has waited for Sweep for more than 30 minutes.'
    query: '${metric}"pipeline.sweep.overdue"'
    window: 'PT30M'
    threshold: 1800
    aggregation: 'Maximum'
  }
  {
    name: 'oldest-work'
    severity: 2
    description: 'A list has been open for longer than expected.'
    query: '${metric}"pipeline.lists.oldest_age"'
    window: 'PT30M'
    threshold: oldestListHours * 3600
    aggregation: 'Maximum'
  }
  {
    name: 'records-waiting'
    severity: 2
    description: 'Consumers have left a message in the queue records for more than a day.'
    query: '${metric}"pipeline.queue.head_age" and tostring(Properties["messaging.destination.name"]) == "records"'
    window: 'PT30M'
    threshold: 86400
    aggregation: 'Maximum'
  }
  {
    name: 'submission-paused'
    severity: 2
    description: 'No batches are submitted: the account has no budget, the key is refused, requests are throttled, or Nimble is unreachable.'
    query: '${metric}"pipeline.posts" and tostring(Properties["pipeline.post.outcome"]) == "held"'
    window: 'PT30M'
    // One process tries for all, once a minute or as often as Nimble asks for.
    threshold: 10
    aggregation: 'Total'
  }
  {
    name: 'forged-webhooks'
    severity: 3
    description: 'Somebody calls the webhook endpoint without a valid token.'
    query: '${metric}"pipeline.webhooks" and tostring(Properties["pipeline.webhook.answer"]) == "unauthorized"'
    window: 'PT30M'
    threshold: 100
    aggregation: 'Total'
  }
  {
    name: 'server-errors'
    severity: 2
    description: 'The app answered webhooks or requests with errors of its own.'
    query: '${metric}"http.server.request.duration" and tostring(Properties["http.response.status_code"]) startswith "5"'
    window: 'PT30M'
    threshold: 20
    aggregation: 'Number'
  }
  // A notification may be postponed for an hour, and then looks that old.
  {
    name: 'queue-stuck'
    severity: 2
    description: 'A message has waited in its queue for more than two hours.'
    query: '${metric}"pipeline.queue.head_age" and tostring(Properties["messaging.destination.name"]) != "notifications" and tostring(Properties["messaging.destination.name"]) != "records" and tostring(Properties["messaging.destination.name"]) != "failures" and tostring(Properties["messaging.destination.name"]) != "manifests"'
    window: 'PT30M'
    threshold: 7200
    aggregation: 'Maximum'
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in filter(rules, rule => hasConsumers || rule.name != 'records-waiting'): {
    name: '${rule.name}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Pipeline: ${replace(rule.name, '-', ' ')}'
      description: '${rule.description} What to do: ${runbook}#${rule.name}'
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
              operator: 'GreaterThan'
              threshold: rule.threshold
              timeAggregation: aggregations[rule.aggregation].of
              failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
            },
            aggregations[rule.aggregation].column
          )
        ]
      }
      actions: { actionGroups: [actionGroupId] }
    }
  }
]

resource throttled 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'storage-throttled-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: 'The storage account refused requests because there were too many. What to do: ${runbook}#storage-throttled'
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
    actions: [{ actionGroupId: actionGroupId }]
  }
}
