"""A host server: it requests a token for each page view and embeds the component with it.

    smartextract emulator -- python3 examples/host.py    # then open the printed URL
"""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = Path(__file__).with_name("host.html").read_text(encoding="utf-8")
COMMAND = ["smartextract", "token", "--format", "iframe"]


class Host(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/":
            return self.send_error(404)
        # A real host authenticates its user first: everyone who gets this page gets a token.
        result = subprocess.run(COMMAND, stdout=subprocess.PIPE, encoding="utf-8")
        if result.returncode != 0:
            # smartextract has printed the cause to standard error; browsers need not know it.
            return self.send_error(502, "No session token")
        page = PAGE.replace("<!-- iframe -->", result.stdout).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(page)


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
# With threads, because browsers also open connections that they do not use.
with ThreadingHTTPServer(("127.0.0.1", port), Host) as server:
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
