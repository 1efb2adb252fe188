using 'container-app.bicep'

// Values from the environment. docs/operating.md explains each.
param image = readEnvironmentVariable('IMAGE')
param registryName = readEnvironmentVariable('REGISTRY_NAME', '')
param storageName = readEnvironmentVariable('STORAGE_ACCOUNT_NAME')
param vaultName = readEnvironmentVariable('KEY_VAULT_NAME')
param identityName = readEnvironmentVariable('IDENTITY_NAME')
param insightsName = readEnvironmentVariable('INSIGHTS_NAME', '')
param storageUrl = readEnvironmentVariable('STORAGE_URL', '')
param maximumReplicas = int(readEnvironmentVariable('MAXIMUM_REPLICAS', '10'))
param messagesPerReplica = int(readEnvironmentVariable('MESSAGES_PER_REPLICA', '64'))
param settings = json(readEnvironmentVariable('APP_SETTINGS', '{}'))
param tags = json(readEnvironmentVariable('TAGS', '{}'))
