# shellcheck shell=sh disable=SC2034  # the names are for the templates
# Every setting of nginx with its default; an empty value counts as not set. Read by `entrypoint`, which puts the values
# into the templates. Lists are separated by spaces.

# -- Names and ports
: "${NET_PREFIX:=10.77}"                        # first two octets of every network of the stack
: "${SITE_HOST:=shop.localhost}"                # the site's name; localhost and 127.0.0.1 are served too, others dropped
: "${HTTPS_PORT:=8443}"                         # the port that clients see; http redirects to it
: "${NGINX_CERTS:=/certs/edge}"                 # tls.crt and tls.key

# -- Process
: "${NGINX_WORKERS:=2}"                         # worker processes; `auto` counts the host's cores, not the container's share
: "${NGINX_WORKER_CONNECTIONS:=8192}"           # per worker; a proxied request takes two, one in the second round four; too few, and live ones are cut

# -- Origin
: "${NGINX_ORIGINS:=$NET_PREFIX.0.21:8000,weight=1 $NET_PREFIX.0.22:8000,weight=1}"     # HAProxies, options after commas
: "${NGINX_MAX_FAILS:=3}"                       # failures within NGINX_FAIL_TIMEOUT that take one out ...
: "${NGINX_FAIL_TIMEOUT:=1s}"                   # ... for this long
: "${NGINX_CONNECT_TIMEOUT:=500ms}"             # a killed HAProxy's address answers nothing; then the other one is asked
: "${NGINX_SAFE_TIMEOUT:=12s}"                  # GET, HEAD, OPTIONS: HAProxy asks another replica after 10 s < this
: "${NGINX_READ_TIMEOUT:=43s}"                  # other methods: database hold 30 s < HAProxy 41 s < this; leaves 17 of the client's 60 s to ask again
: "${NGINX_NEXT_TIMEOUT:=57s}"                  # no further HAProxy is asked after this
: "${NGINX_RETRY_AFTER:=5}"                     # seconds named in Retry-After when there is no origin

# -- Cache
: "${NGINX_CACHE_SIZE:=64m}"                    # pages on the tmpfs /tmp, which counts as the container's memory
: "${NGINX_CACHE_KEEP:=10m}"                    # a page that nobody asked for in this time is dropped, stale or not

# -- Limits (429)
: "${NGINX_LIMIT_EXEMPT:=$NET_PREFIX.0.200 $NET_PREFIX.0.201}"    # addresses or networks without request limits: load generator, tests and drills
: "${NGINX_PAGE_RATE:=200r/s}"                  # per address; behind the engine's port proxy all clients on the host are one
: "${NGINX_PAGE_BURST:=400}"
: "${NGINX_API_RATE:=100r/m}"
: "${NGINX_API_BURST:=20}"
: "${NGINX_LOGIN_RATE:=5r/m}"                   # POST only: guessing passwords, not looking at the form
: "${NGINX_LOGIN_BURST:=5}"
: "${NGINX_LOGIN_PATHS:=(/accounts|/admin)?/(login|register)/?|/api/(auth/token|users)/}"     # regular expression over the whole path
: "${NGINX_CONNECTIONS:=512}"                   # requests at once per address; 30 s of held writes are many at once

# -- Sizes and client timeouts
: "${NGINX_BODY_SIZE:=1m}"                      # 413 above
: "${NGINX_BODY_BUFFER:=64k}"                   # forms stay in memory, larger bodies go to /tmp
: "${NGINX_URI_LENGTH:=4000}"                   # 414 above; gunicorn takes request lines of up to 8190
: "${NGINX_HEADER_BUFFERS:=3 8k}"               # each header at most 8 kB, 24 kB together (431)
: "${NGINX_CLIENT_TIMEOUT:=15s}"                # between two reads of a request's head or body (408)
: "${NGINX_SEND_TIMEOUT:=30s}"                  # between two writes of an answer
: "${NGINX_KEEPALIVE:=75s}"                     # idle client connections

# -- Policy
: "${NGINX_HSTS:=}"                             # e.g. max-age=31536000; empty: none, since a browser would keep it for localhost
: "${NGINX_CSP_SOURCES:=}"                      # further origins of scripts, styles, images and fonts: a CDN
: "${NGINX_GZIP:=on}"                           # compress HTML and JSON on the fly (see snippets/compression.conf)
