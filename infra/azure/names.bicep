// All names that code, documentation and infrastructure share. tests/Pipeline.Tests/Infra compares them with the constants in the code.

@export()
@description('Queues that functions serve. A message that fails all its tries moves to the queue of the same name with the suffix.')
var workQueues = ['url-lists', 'submissions', 'results', 'notifications', 'exports']

@export()
@description('Queues that consumers read.')
var outputQueues = ['records', 'failures', 'manifests']

@export()
@description('Suffix of the dead-letter queue of a queue. Functions move messages there from work queues, consumers from those that they read.')
var poisonSuffix = '-poison'

@export()
@description('The queue to which users send lists.')
var listsQueue = 'url-lists'

@export()
@description('Container of lists that are too long for a message.')
var listsContainer = 'lists'

@export()
@description('Container of the lists of schedules.')
var schedulesContainer = 'schedules'

@export()
@description('Containers that consumers read.')
var outputContainers = ['records', 'failures', 'manifests', 'exports']

@export()
@description('Container of messages that are too large for a queue.')
var claimsContainer = 'claims'

@export()
@description('Container of the app package.')
var packageContainer = 'app-package'

@export()
@description('Tables of the ledger.')
var tables = ['ledger', 'ledgerdue']

@export()
@description('A map of names to values, for tags and settings.')
type textMap = { *: string }
