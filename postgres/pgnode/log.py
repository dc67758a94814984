"""One line to the container's log."""


def log(text, who="postgres-init"):
    print(f"{who}: {text}", flush=True)
