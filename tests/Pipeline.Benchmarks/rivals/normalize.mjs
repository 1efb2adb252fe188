// What one would write first for Node: unpack, parse, write a record.
import { readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

for (const name of readdirSync(process.argv[2]).sort()) {
  const result = JSON.parse(gunzipSync(readFileSync(join(process.argv[2], name))).toString("utf8"));
  writeSync(1, JSON.stringify({ url: result.url, status: result.status, http_status: result.status_code, content: result.data }) + "\n");
}
