# shellcheck shell=sh disable=SC2034  # the names are for the configuration
# Every setting of the two HAProxies with its default; an empty value counts as not set.
# Read by `entrypoint` and `check`; the .cfg files use these names, in double quotes, and have no defaults of their own.

: "${NET_PREFIX:=10.77}"                                # first two octets of every network of the stack
: "${HAPROXY_MAXCONN:=3000}"                            # connections in all: 10 x (64 + 8) for the shop, 10 x (64 + 16) for the gateway, 10 x (32 + 8) for each service, the Postgres pools
: "${HAPROXY_THREADS:=1}"                               # one thread balances some 10,000 requests a second; there are two HAProxies
: "${HAPROXY_NGINX:=$NET_PREFIX.0.10}"                  # whose forwarding headers are believed (several: separated by spaces)
: "${HAPROXY_APP:=$NET_PREFIX.2.0/24}"                   # who may call the internal pools: the app network
: "${HAPROXY_RATE_LIMIT:=2000}"                         # requests in 10 s per client address and HAProxy; behind the engine's
                                                        # port proxy all clients on the host are one address
: "${HAPROXY_EXEMPT:=$NET_PREFIX.0.200 $NET_PREFIX.0.201}"  # addresses without that limit: load generator, tests and drills (separated by spaces)
: "${HAPROXY_RETRY_AFTER:=5}"                           # seconds named in Retry-After when the pool is full
: "${HAPROXY_WEB_SAFE_MAXCONN:=8}"                      # slots for GET, HEAD, OPTIONS per replica and HAProxy: pages compute, and one core computes one
: "${HAPROXY_WEB_UNSAFE_MAXCONN:=64}"                   # slots for all other methods: these may wait 30 s for a primary
: "${HAPROXY_GATEWAY_SAFE_MAXCONN:=16}"                  # slots of GET, HEAD, OPTIONS per replica of the gateway: it waits for services more than it computes
: "${HAPROXY_GATEWAY_UNSAFE_MAXCONN:=64}"                # and of all other methods
: "${HAPROXY_SERVICE_SAFE_MAXCONN:=8}"                  # slots of GET, HEAD, OPTIONS per replica of a service behind the internal pools
: "${HAPROXY_SERVICE_UNSAFE_MAXCONN:=32}"               # and of all other methods; SERVICE_THREADS must have room for both balancers
: "${HAPROXY_WEB_WEIGHT:=100}"                          # starting weight of every replica (1-256); the runtime socket changes one
: "${HAPROXY_QUEUE_TIMEOUT:=5s}"                        # wait for a free slot, then 503
: "${HAPROXY_SAFE_TIMEOUT:=10s}"                        # wait for a page; then another replica is asked. Reads never hold; < nginx 12 s
: "${HAPROXY_SERVER_TIMEOUT:=41s}"                      # wait for an unsafe answer: database hold 30 s < request 40 s < this < nginx 43 s
: "${HAPROXY_CHECK_TIMEOUT:=1s}"                        # a replica whose master takes longer to answer /livez fails a check
: "${HAPROXY_STOP_TIMEOUT:=40s}"                        # what is in flight may end in this time after SIGUSR1
: "${HAPROXY_STATS_PASSWORD_FILE:=/run/secrets/haproxy_stats}"
