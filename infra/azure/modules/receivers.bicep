// Who receives alerts: mail, webhooks, and a channel of Teams. Teams takes cards only, so a workflow turns an alert into one.

import { textMap } from '../names.bicep'

@description('Suffix of the names.')
param suffix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags textMap

@description('Email addresses.')
param emails string[]

@description('Webhooks by name. Each gets a POST in the common alert schema. An address may hold a secret.')
@secure()
param webhooks { *: string }

@description('Address of the Teams workflow "Post to a channel when a webhook request is received"; empty for none. It holds a signature.')
@secure()
param teamsUrl string

resource teams 'Microsoft.Logic/workflows@2019-05-01' = if (!empty(teamsUrl)) {
  name: 'teams-${suffix}'
  location: location
  tags: tags
  properties: {
    state: 'Enabled'
    definition: {
      '$schema': 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'
      contentVersion: '1.0.0.0'
      parameters: { teamsUrl: { type: 'SecureString' } }
      triggers: { alert: { type: 'Request', kind: 'Http', inputs: { schema: {} } } }
      actions: {
        post: {
          type: 'Http'
          runAfter: {}
          inputs: {
            method: 'POST'
            uri: '@parameters(\'teamsUrl\')'
            headers: { 'Content-Type': 'application/json' }
            body: {
              type: 'message'
              attachments: [
                {
                  contentType: 'application/vnd.microsoft.card.adaptive'
                  content: {
                    type: 'AdaptiveCard'
                    version: '1.4'
                    body: [
                      {
                        type: 'TextBlock'
                        weight: 'Bolder'
                        wrap: true
                        text: '@{triggerBody()?[\'data\']?[\'essentials\']?[\'monitorCondition\']}: @{triggerBody()?[\'data\']?[\'essentials\']?[\'alertRule\']} (@{triggerBody()?[\'data\']?[\'essentials\']?[\'severity\']})'
                      }
                      {
                        type: 'TextBlock'
                        wrap: true
                        text: '@{triggerBody()?[\'data\']?[\'essentials\']?[\'description\']}'
                      }
                    ]
                  }
                }
              ]
            }
          }
          // The run history shows inputs, and the address is one of them.
          runtimeConfiguration: { secureData: { properties: ['inputs'] } }
        }
      }
    }
    parameters: { teamsUrl: { value: teamsUrl } }
  }
}

// Without receivers alerts appear only in the portal.
resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'pipeline'
    emailReceivers: map(emails, (email, i) => { name: 'mail${i}', emailAddress: email, useCommonAlertSchema: true })
    webhookReceivers: map(items(webhooks), hook => { name: hook.key, serviceUri: hook.value, useCommonAlertSchema: true })
    logicAppReceivers: empty(teamsUrl)
      ? []
      : [
          {
            name: 'teams'
            resourceId: teams.id
            callbackUrl: listCallbackUrl('${teams.id}/triggers/alert', '2019-05-01').value
            useCommonAlertSchema: true
          }
        ]
  }
}

@description('Resource id of the action group.')
output actionGroupId string = group.id
