// The same straightforward client for Node: posts batches, waits, reads every object, 16 at once, writes records. It has no ledger and does not survive a kill.
// Usage: node run.mjs API URLS OUT. Needs @aws-sdk/client-s3; S3 by AWS_ENDPOINT_URL_S3 and AWS_*.
import { createWriteStream, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";

const [api, urls, out] = process.argv.slice(2);
const s3 = new S3Client({ forcePathStyle: true });
const inputs = readFileSync(urls, "utf8").split(/\s+/).filter(Boolean).map(url => ({ url }));
const records = createWriteStream(out);
const headers = { authorization: "Bearer any", "content-type": "application/json" };

async function call(path, options) {
  const response = await fetch(`${api}${path}`, { headers, ...options });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function collect(task) {
  const { host: Bucket, pathname } = new URL(task.output_url);
  const object = await s3.send(new GetObjectCommand({ Bucket, Key: pathname.slice(1) }));
  const result = JSON.parse((await promisify(gunzip)(await object.Body.transformToByteArray())).toString("utf8"));
  records.write(JSON.stringify({ url: result.url, status: result.status, http_status: result.status_code, content: result.data }) + "\n");
}

const batches = [];
for (let at = 0; at < inputs.length; at += 1000) {
  const shared_inputs = { storage_type: "s3", storage_url: `s3://rival/${at}-node/`, storage_compress: true };
  batches.push((await call("/v1/extract/batch", { method: "POST", body: JSON.stringify({ inputs: inputs.slice(at, at + 1000), shared_inputs }) })).batch_id);
}

const waiting = [];
let posted = false;
async function work() {
  for (;;) {
    const task = waiting.pop();
    if (task) await collect(task);
    else if (posted) return;
    else await sleep(5);
  }
}

const workers = Array.from({ length: 16 }, work);
for (const batch of batches) {
  while (!(await call(`/v1/batches/${batch}/progress`)).completed) await sleep(200);
  waiting.push(...(await call(`/v1/batches/${batch}`)).tasks);
}

posted = true;
await Promise.all(workers);
await new Promise((done, fail) => records.on("error", fail).end(done));
