"""Patroni's REST interface, the few calls we make. Standard library only."""

import base64
import http.client
import json

UNREACHABLE = (OSError, http.client.HTTPException)


class Api:
    def __init__(self, host, password, port=8008):
        token = base64.b64encode(f"patroni:{password}".encode()).decode()
        self.address = (host, port)
        self.headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def call(self, method, path, body=None, timeout=2):
        """-> (status, decoded JSON or text). Raises one of UNREACHABLE when nobody answers."""
        connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text
