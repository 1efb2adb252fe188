// firebase-tools' Cloud Storage emulator: the JSON API only, without its rules runtime (which needs Java).
// usage: NODE_PATH=.servers/node/node_modules TMPDIR=<own folder> node gcs.js
// Prints "ready PORT" when it serves, and ends when its standard input does.
const { StorageEmulator } = require('firebase-tools/lib/emulator/storage');
const { createApp } = require('firebase-tools/lib/emulator/storage/server');
const { EmulatorRegistry } = require('firebase-tools/lib/emulator/registry');

let port = 0;
// Used for selfLink, mediaLink and the Location of a resumable upload.
EmulatorRegistry.url = () => new URL(`http://127.0.0.1:${port}/`);
const rules = {
  name: 'storage.rules',
  content: "rules_version='2';service firebase.storage{match /b/{b}/o{match /{p=**}{allow read,write;}}}",
};
const emulator = new StorageEmulator({ projectId: 'tests', host: '127.0.0.1', port: 0, rules });
createApp('tests', emulator).then((app) => {
  const server = app.listen(0, '127.0.0.1', () => {
    port = server.address().port;
    console.log('ready', port);
  });
});
process.stdin.on('end', () => process.exit(0)).resume();
