"""Other people's servers on loopback, as they stand before registries: an authority and its certificates, nginx with TLS,
squid as a forward proxy, and a token service.
"""

import base64
import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import warnings

from harness import start, write_files

DAY = 86400


def openssl(folder, *argv, text=None):
    return subprocess.run(["openssl", *argv], cwd=folder, check=True, capture_output=True, input=text).stdout


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for_port(port, process, log):
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    with open(log) as file:
        raise RuntimeError("a server does not start: " + file.read())


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def hashed(word):
    """As htpasswd keeps it; a cost that a test can afford."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import crypt
        return crypt.crypt(word, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))


def basic(user, password):
    return base64.b64encode(("%s:%s" % (user, password)).encode()).decode()


class Authority:
    """A certificate authority; `issue` makes NAME.pem and NAME.key in its folder."""

    SETTINGS = ("[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nnew_certs_dir=.\nserial=serial\ndefault_md=sha256\n"
                "policy=any\nunique_subject=no\ncopy_extensions=copy\n[any]\ncommonName=supplied\n")

    def __init__(self, folder):
        os.makedirs(folder)
        self.folder, self.file = folder, os.path.join(folder, "ca.pem")
        write_files(folder, {"ca.conf": self.SETTINGS, "index.txt": "", "serial": "01\n"})
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=" + os.path.basename(folder))

    def issue(self, name, names="IP:127.0.0.1,DNS:localhost,DNS:registry.test", begins=-DAY, ends=DAY):
        """begins and ends: seconds from now."""
        moment = lambda seconds: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))
        openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name, "-addext", "subjectAltName=" + names)
        openssl(self.folder, "ca", "-batch", "-notext", "-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key",
                "-in", name + ".csr", "-out", name + ".pem", "-startdate", moment(begins), "-enddate", moment(ends))
        return self.path(name)

    def path(self, name, kind="pem"):
        return os.path.join(self.folder, "%s.%s" % (name, kind))


class Nginx:
    """nginx with one server for each text of `servers`: what stands in its block, in which $port is its own port. `ports`
    are those, and `log` has a line for each request, with all that could give a secret away."""

    CONFIG = """\
daemon off; pid %(dir)s/nginx.pid; error_log %(dir)s/error.log;
events {}
http {
  log_format all '$server_port $request_method $request_uri $status sent=$request_length auth="$http_authorization" '
                 'proxy="$http_proxy_authorization" cookie="$http_cookie" client="$ssl_client_s_dn"';
  access_log %(dir)s/access.log all; client_max_body_size 0;
  client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p; fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u;
  scgi_temp_path %(dir)s/s;
%(servers)s
}
"""
    PASS = "proxy_pass http://127.0.0.1:%d; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;"

    def __init__(self, folder, *servers):
        os.makedirs(folder)
        self.folder, self.ports = folder, [free_port() for _ in servers]
        blocks = "".join("  server { listen 127.0.0.1:%d%s\n  }\n" % (port, text) for port, text in zip(self.ports, servers))
        for number, port in enumerate(self.ports):
            blocks = blocks.replace("@%d@" % number, str(port))
        write_files(folder, {"nginx.conf": self.CONFIG % {"dir": folder, "servers": blocks}, "access.log": ""})
        log = os.path.join(folder, "error.log")
        with open(log, "w") as file:
            self.process = start(["nginx", "-c", os.path.join(folder, "nginx.conf"), "-e", log], file, file)
        for port in self.ports:
            wait_for_port(port, self.process, log)
        self.hosts = ["127.0.0.1:%d" % port for port in self.ports]
        self.read = 0

    @staticmethod
    def tls(certificate):
        """Settings of a server block with TLS."""
        return " ssl; ssl_certificate %s; ssl_certificate_key %s;" % (certificate, certificate[:-4] + ".key")

    def take(self):
        """The lines of the log since the last call."""
        with open(os.path.join(self.folder, "access.log")) as file:
            file.seek(self.read)
            text = file.read()
        text = text[:text.rfind("\n") + 1]
        self.read += len(text)
        return text.splitlines()

    def stop(self):
        end(self.process)


class Squid:
    """A forward proxy; `users` ({name: password}) makes it ask for a password. It knows `registry.test` as this machine, and
    lets nobody to `closed.test`."""

    CONFIG = """\
http_port 127.0.0.1:%(port)d
hosts_file %(dir)s/hosts
pid_filename none
cache deny all
access_log stdio:%(dir)s/access.log
cache_log %(dir)s/cache.log
coredump_dir none
netdb_filename none
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname proxy.test
dns_nameservers 127.0.0.1
dns_timeout 1 seconds
acl closed dstdomain closed.test
http_access deny closed
%(access)s
"""
    ASKS = """\
auth_param basic program /usr/lib/squid/basic_ncsa_auth %(dir)s/users
auth_param basic children 1 startup=1
auth_param basic realm proxy
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
"""

    def __init__(self, folder, users=None):
        os.makedirs(folder)
        os.chmod(folder, 0o777)  # as root it works as a user of its own
        self.folder, self.port = folder, free_port()
        access = self.ASKS % {"dir": folder} if users else "http_access allow all\n"
        write_files(folder, {
            "squid.conf": self.CONFIG % {"dir": folder, "port": self.port, "access": access},
            "hosts": "127.0.0.1 registry.test closed.test\n",
            "users": "".join("%s:%s\n" % (name, hashed(word)) for name, word in (users or {}).items())})
        log = os.path.join(folder, "out")
        with open(log, "w") as file:
            squid = shutil.which("squid", path=os.environ.get("PATH", "") + ":/usr/sbin")
            self.process = start([squid, "-N", "-f", os.path.join(folder, "squid.conf")], file, file)
        wait_for_port(self.port, self.process, log)

    def url(self, user=""):
        return "http://%s127.0.0.1:%d" % (user + "@" if user else "", self.port)

    def requests(self):
        with open(os.path.join(self.folder, "access.log")) as file:
            return [line.split() for line in file]

    def stop(self):
        end(self.process)


class TokenHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        service = self.server.service
        service.seen.append(self.headers.get("Authorization"))
        user = service.user_of(self.headers.get("Authorization"))
        if user is None:
            return self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "user or password is wrong"}]})
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        return self.answer(200, {"token": service.token(user, query.get("scope", [])), "expires_in": 300})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class TokenService:
    """Gives tokens that Debian's registry takes, for `seconds`. `users` ({name: (password, actions)}) says who may do what;
    without them everybody gets what he asks for. `seen` are the Authorization headers that came, `given` the tokens."""

    ALLOWANCE = 60  # seconds that the registry lets a token live after its end

    def __init__(self, folder, users=None, seconds=2):
        self.key, self.certificate = os.path.join(folder, "token.key"), os.path.join(folder, "token.pem")
        self.users, self.seconds, self.seen, self.given = users or {}, seconds, [], []
        openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.certificate,
                "-days", "2", "-subj", "/CN=tokens")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TokenHandler)
        self.server.daemon_threads, self.server.service = True, self
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def settings(self, realm=None):
        """What the registry has to know; `realm` where something stands before the service."""
        return {"realm": realm or "http://127.0.0.1:%d/token" % self.port, "service": "registry", "issuer": "tests",
                "rootcertbundle": self.certificate}

    def user_of(self, header):
        """"" for nobody; None where the password is wrong."""
        if not header or not self.users:
            return ""
        known = {"Basic " + basic(name, password): name for name, (password, _) in self.users.items()}
        return known.get(header)

    def access(self, user, scopes):
        allowed = self.users[user][1] if user else ["pull", "push"] if not self.users else []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            yield {"type": kind, "name": name, "actions": [one for one in actions.split(",") if one in allowed]}

    def token(self, user, scopes):
        now = int(time.time())
        with open(self.certificate) as file:
            der = "".join(line.strip() for line in file if "-----" not in line)
        head = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
        claims = {"iss": "tests", "sub": user, "aud": "registry", "iat": now, "nbf": now - 5, "jti": str(len(self.given)),
                  "exp": now - self.ALLOWANCE + self.seconds, "access": list(self.access(user, scopes))}
        signed = b".".join(self.base64(json.dumps(part).encode()) for part in (head, claims))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=signed, check=True,
                                   capture_output=True).stdout
        token = (signed + b"." + self.base64(signature)).decode()
        self.given.append(token)
        return token

    @staticmethod
    def base64(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
