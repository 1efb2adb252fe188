// Azurite: Azure blobs, queues and tables. Accounts come from AZURITE_ACCOUNTS.
// usage: NODE_PATH=.servers/node/node_modules node azurite.js FOLDER
// Prints "ready BLOB QUEUE TABLE", three ports, when it serves, and ends when its standard input does.
const folder = process.argv[2];
const ports = [];
const log = console.log;
console.log = (line) => {
  const port = /successfully listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
  if (port && ports.push(port[1]) === 3) log('ready', ports.join(' '));
};
process.argv.splice(2, 1, '--silent', '--skipApiVersionCheck', '--disableTelemetry', '--location', folder,
  '--blobPort', '0', '--queuePort', '0', '--tablePort', '0');
require('azurite/dist/src/azurite.js');
process.stdin.on('end', () => process.exit(0)).resume();
