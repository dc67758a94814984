"""gunicorn for every Django service. Check it: gunicorn --check-config -c gunicorn.conf.py web.wsgi:application

One process with many threads: waiting writes cost a thread, not a process (docs/decisions/0014).
"""

from flotilla.env import Env

env = Env.from_environ()

bind = "0.0.0.0:8000"
worker_class = "gthread"
# One process a container: replicas are what scales, and each is measured and killed alone.
workers = 1
# The slots of both balancers: 2 x (64 unsafe + 8 safe) = 144; the rest is room for larger settings.
threads = env.threads
worker_connections = 1000
# Longer than the balancers keep idle connections (default 2 s): who closes first must not be the server.
keepalive = 75
# Longer than the longest request (40 s, held writes included); compose waits 45 s.
graceful_timeout = 40
# Under gthread this is the heartbeat of the process, not a limit for a request.
timeout = 30
# The heartbeat's file: on a disk it can block the process.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - memory, and ours alone in the container
# The control socket needs a writable home, which a read-only container does not have.
control_socket_disable = True
# Whose X-Forwarded-Proto to believe: the balancers.
forwarded_allow_ips = ",".join(env.trusted_proxies) or "127.0.0.1"
# The edge refuses longer ones first (8 kB); what comes here anyway gets 400 from gunicorn.
limit_request_line = 8190
limit_request_fields = 60
limit_request_field_size = 8190
# The balancer logs each request with its id; a second line here would double the log.
accesslog = None
errorlog = "-"
loglevel = "warning"


_liveness = None  # the master's


def when_ready(arbiter):
    """In the master: the balancers' question is answered by a process that is never busy."""
    global _liveness
    from flotilla import liveness

    _liveness = liveness.serve(arbiter, 8001)


def post_fork(arbiter, worker):
    """The worker's copy of that socket is closed: it must end with the master."""
    _liveness.server_close()


def post_worker_init(worker):
    """After the fork, where threads and connections live: metrics and the replica poller."""
    from flotilla import metrics
    from flotilla.db import replicas

    metrics.serve(env.metrics_port)
    replicas.pool().start()
