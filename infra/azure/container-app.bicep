metadata description = 'pipeline serve on Azure Container Apps, over the storage account and the vault that main.bicep created in this resource group. It may run beside the function app or instead of it.'

import { workQueues, textMap } from 'names.bicep'

@description('Region of the resources.')
param location string = resourceGroup().location

@description('The container image of this repository\'s Dockerfile, with registry and tag or digest.')
param image string

@description('Name of the container registry in this resource group that the app\'s identity may pull from; empty for an image that needs no sign-in.')
param registryName string = ''

@description('Name of the storage account: output STORAGE_ACCOUNT_NAME of main.bicep.')
param storageName string

@description('Name of the key vault: output KEY_VAULT_NAME of main.bicep.')
param vaultName string

@description('Name of the app\'s identity: the resource that main.bicep named id-...; it has the roles on storage account and vault.')
param identityName string

@description('Name of the Application Insights component that gets metrics, traces and log: output INSIGHTS_NAME of main.bicep; empty for none. Without it no alert sees this app.')
param insightsName string = ''

@description('Where Nimble delivers results, as in main.bicep; empty if results are read from the API.')
param storageUrl string = ''

@description('Maximum number of replicas.')
@minValue(1)
@maxValue(300)
param maximumReplicas int = 10

@description('Number of messages of one queue for each further replica.')
@minValue(1)
param messagesPerReplica int = 64

@description('Additional environment variables, which override those set here: Pipeline__* of docs/settings.md and the variables of the bucket\'s cloud. No secrets.')
param settings textMap = {}

@description('Tags of every resource.')
param tags textMap = {}

var suffix = uniqueString(toLower(resourceGroup().id), storageName)
var name = 'ca-${suffix}'
var secrets = ['nimble-api-key', 'callback-key', 'callback-key-previous']
var pull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = { name: identityName }

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = { name: vaultName }

resource insights 'Microsoft.Insights/components@2020-02-02' existing = if (!empty(insightsName)) { name: insightsName }

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = if (!empty(registryName)) { name: registryName }

resource mayPull 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(registryName)) {
  name: guid(registry.id, identity.id, pull)
  scope: registry
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', pull)
  }
}

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: 'cae-${suffix}'
  location: location
  tags: tags
  properties: { workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }] }
}

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: { external: true, targetPort: 8080, transport: 'auto', allowInsecure: false }
      registries: empty(registryName) ? [] : [{ server: registry!.properties.loginServer, identity: identity.id }]
      secrets: map(secrets, secret => {
        name: secret
        keyVaultUrl: '${vault.properties.vaultUri}secrets/${secret}'
        identity: identity.id
      })
    }
    template: {
      // Work in progress goes back to its queues within seconds; a POST may take half a minute to end.
      terminationGracePeriodSeconds: 60
      containers: [
        {
          name: 'pipeline'
          image: image
          resources: { cpu: 1, memory: '2Gi' }
          args: concat(
            ['serve', '--listen', 'http://0.0.0.0:8080', '--callback-base', 'https://${name}.${environment.properties.defaultDomain}'],
            empty(storageUrl) ? [] : ['--storage-url', storageUrl]
          )
          // A replica whose store does not answer gets no webhooks, and is not restarted for that.
          probes: [
            { type: 'Startup', httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 2, failureThreshold: 60 }
            { type: 'Liveness', httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
            { type: 'Readiness', httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 10, timeoutSeconds: 6, failureThreshold: 3 }
          ]
          env: concat(
            [
              { name: 'NIMBLE_API_KEY', secretRef: 'nimble-api-key' }
              { name: 'Pipeline__Delivery__CallbackKeys__0', secretRef: 'callback-key' }
              { name: 'Pipeline__Delivery__CallbackKeys__1', secretRef: 'callback-key-previous' }
            ],
            empty(insightsName) ? [] : [{ name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insights!.properties.ConnectionString }],
            map(
              items(
                union(
                  {
                    AZURE_CLIENT_ID: identity.properties.clientId
                    AzureWebJobsStorage__accountName: storageName
                    AzureWebJobsStorage__clientId: identity.properties.clientId
                    AzureWebJobsStorage__credential: 'managedidentity'
                  },
                  settings
                )
              ),
              setting => { name: setting.key, value: string(setting.value) }
            )
          )
        }
      ]
      scale: {
        // One replica always runs: Sweep looks for overdue work also while the queues are empty.
        minReplicas: 1
        maxReplicas: maximumReplicas
        rules: map(workQueues, queue => {
          name: queue
          azureQueue: { accountName: storageName, queueName: queue, queueLength: messagesPerReplica, identity: identity.id }
        })
      }
    }
  }
}

@description('Base URL of the app: callbacks are below /api/callbacks/.')
output uri string = 'https://${app.properties.configuration.ingress.fqdn}'
