"""What one would write first in Python: unpack, parse, write a record."""
import gzip, json, pathlib, sys

for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    result = json.loads(gzip.decompress(path.read_bytes()))
    record = {"url": result["url"], "status": result["status"], "http_status": result["status_code"], "content": result["data"]}
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
