"""A backend in another language: decides who connects and who may read what, and is told who comes and goes.

    export THRUM_WEBHOOKS_SECRETS="whsec_$(openssl rand -base64 32)"
    python3 examples/webhook-backend.py 8000 &
    THRUM_WEBHOOKS_URL=http://127.0.0.1:8000/ THRUM_WEBHOOKS_ASK=connect,subscribe \
        THRUM_WEBHOOKS_EVENTS=user.online,user.offline npm run thrum -- start
"""

import base64, hashlib, hmac, json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

secrets = os.environ["THRUM_WEBHOOKS_SECRETS"].split()
online = set()
seen = {}


def is_from_thrum(headers, body, secrets, tolerance=300):
    """headers: a mapping with lower-case names; body: the bytes as they came; secrets: "whsec_…"."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > tolerance:
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    given = [part[3:] for part in headers.get("webhook-signature", "").split(" ") if part.startswith("v1,")]
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(expected, one) for one in given):
            return True
    return False


def answer(kind, data):
    if kind == "connect":  # this one believes everybody; yours looks the token up
        return {"allow": data["token"] != "", "userId": data["token"]}
    if kind == "subscribe":
        return {"allow": data["channel"] != "chat:secret" or data["user"]["id"] == "ann", "ttl": 10}
    if kind == "events":
        for event in data["events"]:
            if event["type"] == "node.started":
                online.clear()
            elif event["type"] == "user.online":
                online.add(event["userId"])
            elif event["type"] == "user.offline":
                online.discard(event["userId"])
        print("online:", *sorted(online), flush=True)
    return {}


class Backend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if not is_from_thrum(self.headers, body, secrets):
            return self.reply(401, {})
        request = json.loads(body)
        message_id = self.headers["webhook-id"]
        # The same request again, because our answer was lost: the same answer, and nothing is done twice.
        if message_id not in seen:
            seen[message_id] = answer(request["type"], request["data"])
            while len(seen) > 1000:
                del seen[next(iter(seen))]
        self.reply(200, seen[message_id])

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Backend)
print("listening on", server.server_port, flush=True)
server.serve_forever()
