"""An HTTP server and its clients in one program; prints what each client got."""

import http.client
import http.server
import socketserver
import sys
import threading
import urllib.request


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = ("you asked for " + self.path).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))[::-1]
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def attempt(name, function):
    try:
        print(name, function())
    except OSError as error:
        cause = getattr(error, "reason", error)
        cause = getattr(cause, "reason", cause)
        refused = isinstance(error, PermissionError) or "PermissionError" in repr(cause) or "Errno 13" in repr(error)
        print(name, "refused" if refused else repr(error))


server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
port = server.server_address[1]
url = "http://127.0.0.1:%d" % port


def by_http_client():
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/http.client")
    first = connection.getresponse().read().decode()
    connection.request("POST", "/", b"abc")
    return first, connection.getresponse().read().decode()


def by_many_threads():
    results = []

    def work(number):
        results.append(urllib.request.urlopen("%s/%d" % (url, number)).status)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return set(results), len(results)


attempt("urllib", lambda: urllib.request.urlopen(url + "/urllib").read().decode())
attempt("http.client", by_http_client)
if "threads" in sys.argv:
    attempt("threads", by_many_threads)
if "requests" in sys.argv:
    import requests

    session = requests.Session()
    attempt("requests", lambda: session.get(url + "/requests").text)
    attempt("requests", lambda: session.post(url, data=b"xyz").text)
server.shutdown()
