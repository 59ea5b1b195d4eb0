"""A Flask application: start-up, its test client, and one request through a real server."""

import threading
import urllib.request

import flask
from werkzeug.serving import make_server

app = flask.Flask(__name__)


@app.route("/<name>")
def greet(name):
    return flask.render_template_string("hello {{ name }}", name=name)


print(app.test_client().get("/client").get_data(as_text=True))
server = make_server("127.0.0.1", 0, app)
thread = threading.Thread(target=server.serve_forever)
thread.start()
with urllib.request.urlopen("http://127.0.0.1:%d/server" % server.server_port) as answer:
    print(answer.read().decode())
server.shutdown()
thread.join()
