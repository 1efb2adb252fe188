"""A straightforward client: posts batches, waits, reads every object by threads, writes records. It has no ledger and does not survive a kill.
Usage: run.py API URLS OUT. Needs requests and boto3; S3 by AWS_ENDPOINT_URL_S3 and AWS_*."""
import concurrent.futures, gzip, json, sys, threading, time

import boto3, requests
from botocore.config import Config

api, urls, out = sys.argv[1:]
http = requests.Session()
http.headers["Authorization"] = "Bearer any"
s3 = boto3.client("s3", config=Config(max_pool_connections=16))
lock = threading.Lock()
inputs = [{"url": url} for url in open(urls).read().split()]


def collect(task, records):
    bucket, key = task["output_url"].removeprefix("s3://").split("/", 1)
    result = json.loads(gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
    line = json.dumps({"url": result["url"], "status": result["status"], "http_status": result["status_code"], "content": result["data"]}, ensure_ascii=False)
    with lock:
        records.write(line + "\n")


batches = []
for at in range(0, len(inputs), 1000):
    shared = {"storage_type": "s3", "storage_url": f"s3://rival/{at}/", "storage_compress": True}
    answer = http.post(f"{api}/v1/extract/batch", json={"inputs": inputs[at:at + 1000], "shared_inputs": shared})
    answer.raise_for_status()
    batches.append(answer.json()["batch_id"])

with open(out, "w") as records, concurrent.futures.ThreadPoolExecutor(16) as pool:
    waiting = []
    for batch in batches:
        while not http.get(f"{api}/v1/batches/{batch}/progress").json()["completed"]:
            time.sleep(0.2)
        waiting += [pool.submit(collect, task, records) for task in http.get(f"{api}/v1/batches/{batch}").json()["tasks"]]
    for one in waiting:
        one.result()
