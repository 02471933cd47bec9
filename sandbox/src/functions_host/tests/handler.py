"""A custom handler that does what each invocation's body asks for, right or wrong."""
import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if os.environ.get("EXIT_AT_START"):
    print("no luck today", file=sys.stderr, flush=True)
    os._exit(int(os.environ["EXIT_AT_START"]))
if os.environ.get("EXIT_ON_SIGTERM"):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(int(os.environ["EXIT_ON_SIGTERM"])))

both = threading.Barrier(2)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def reply(self, body, status=200):
        body = json.dumps(body)
        self.answer(status, {"Content-Type": "application/json", "Content-Length": len(body)}, body)

    def do_GET(self):
        if self.path == "/moved":
            self.reply({"Logs": ["followed"]})
        else:
            self.reply({}, 404)

    def do_POST(self):
        body = self.body()
        getattr(self, self.path.strip("/"))(body)

    def Answer(self, body):
        wanted = json.loads(body)
        text = wanted.get("body", "")
        headers = wanted.get("headers", {})
        if "Transfer-Encoding" in headers:
            text = "".join(f"{len(part):x}\r\n{part}\r\n" for part in text) + "0\r\n\r\n"
        elif "Content-Length" not in headers:
            headers["Content-Length"] = len(text.encode())
        self.answer(wanted.get("status", 200), headers, text)

    def Echo(self, body):
        self.reply({"ReturnValue": {
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode(),
            "environment": dict(os.environ),
        }})

    def Print(self, body):
        for stream, text in json.loads(body):
            print(text, file=getattr(sys, stream), flush=True)
        self.reply({})

    def Exit(self, body):
        os._exit(int(body))

    def Reset(self, body):
        self.close_connection = True
        self.connection.close()

    def Garbage(self, body):
        self.wfile.write(b"not http at all\r\n\r\n")
        self.close_connection = True

    def Silent(self, body):
        print("silence", flush=True)
        threading.Event().wait()

    def Meet(self, body):
        """Answers once two invocations are here at the same time."""
        both.wait()
        self.reply({})


port = int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"])
ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
