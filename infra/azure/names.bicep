// Every name that code, documents and infrastructure share. tests/Pipeline.Tests/Infra compares them with the code's own constants.

@export()
@description('Queues that functions serve. The host puts what fails every try on the queue of the same name with the suffix.')
var workQueues = ['url-lists', 'submissions', 'results']

@export()
@description('Queues that consumers serve.')
var outputQueues = ['records', 'failures', 'manifests']

@export()
@description('Behind the name of a work queue: its dead letters.')
var poisonSuffix = '-poison'

@export()
@description('The queue that users drop lists into.')
var listsQueue = 'url-lists'

@export()
@description('Container of lists too long for a message.')
var listsContainer = 'lists'

@export()
@description('Containers that consumers read.')
var outputContainers = ['records', 'failures', 'manifests']

@export()
@description('Container of messages too large for a queue.')
var claimsContainer = 'claims'

@export()
@description('Container of the app package.')
var packageContainer = 'app-package'

@export()
@description('Tables of the ledger.')
var tables = ['ledger', 'ledgerdue']

@export()
@description('Names with their values: tags, settings.')
type textMap = { *: string }
