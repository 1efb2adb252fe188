using 'main.bicep'

// From the environment, which azd fills with `azd env set`. docs/operating.md explains each.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param nimbleApiKey = readEnvironmentVariable('NIMBLE_API_KEY')
param storageUrl = readEnvironmentVariable('STORAGE_URL', '')
param compress = bool(readEnvironmentVariable('COMPRESS', 'true'))
param callbackKey = readEnvironmentVariable('CALLBACK_KEY')
param previousCallbackKey = readEnvironmentVariable('PREVIOUS_CALLBACK_KEY', '')
param callbackBase = readEnvironmentVariable('CALLBACK_BASE', '')
param settings = json(readEnvironmentVariable('APP_SETTINGS', '{}'))
param storageSku = readEnvironmentVariable('STORAGE_SKU', 'Standard_ZRS')
param recordDays = int(readEnvironmentVariable('RECORD_DAYS', '0'))
param maximumInstances = int(readEnvironmentVariable('MAXIMUM_INSTANCES', '40'))
param alwaysReadyHttp = int(readEnvironmentVariable('ALWAYS_READY_HTTP', '0'))
param alwaysReadyCollect = int(readEnvironmentVariable('ALWAYS_READY_COLLECT', '0'))
param alertEmails = json(readEnvironmentVariable('ALERT_EMAILS', '[]'))
param producers = json(readEnvironmentVariable('PRODUCERS', '[]'))
param consumers = json(readEnvironmentVariable('CONSUMERS', '[]'))
param tags = { 'azd-env-name': readEnvironmentVariable('AZURE_ENV_NAME') }
