"""What the gateway answers by itself."""


class Refused(Exception):
    """An answer: its status, what went wrong in words for the caller, and headers (`Retry_After="2"`)."""

    def __init__(self, status: int, detail: str, **headers: str):
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
