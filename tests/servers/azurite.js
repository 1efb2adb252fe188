// Azurite: Azure blobs, queues and tables. Accounts come from AZURITE_ACCOUNTS. With AZURITE_ACCESS_LOG=1 its access log
// goes to standard output.
// usage: NODE_PATH=.servers/node/node_modules node azurite.js FOLDER [BLOB QUEUE TABLE]
// Prints "ready BLOB QUEUE TABLE", its three ports, free ones unless given, when it serves, and ends when its standard input does.
const Loki = require('lokijs');
const [folder, ...given] = process.argv.splice(2);
const ports = [];
const log = console.log;
let closed = 0;
let saving = 0;

// Told to end (SIGTERM), it writes what it holds, says so of each of the three, and would wait for its input.
// It also says so while its last autosave is still being written, and to end then would lose seconds of what it has acknowledged.
const endIfDone = () => closed === 3 && saving === 0 && process.exit(0);
const save = Loki.prototype.saveDatabaseInternal;
Loki.prototype.saveDatabaseInternal = function (callback) {
  saving++;
  save.call(this, (error) => {
    saving--;
    callback?.(error);
    endIfDone();
  });
};
console.log = (line) => {
  if (/successfully closed/.test(line) && ++closed === 3) endIfDone();
  const port = /successfully listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
  if (port && ports.push(port[1]) === 3) log('ready', ports.join(' '));
};
if (!process.env.AZURITE_ACCESS_LOG) process.argv.push('--silent');
process.argv.push('--skipApiVersionCheck', '--disableTelemetry', '--location', folder,
  '--blobPort', given[0] ?? '0', '--queuePort', given[1] ?? '0', '--tablePort', given[2] ?? '0');
require('azurite/dist/src/azurite.js');
process.stdin.on('end', () => process.exit(0)).resume();
