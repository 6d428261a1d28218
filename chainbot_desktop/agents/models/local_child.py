"""The embedded model's server: a process of its own, since loading holds the GIL and a damaged model file may end the process.

`python -m chainbot_desktop.agents.models.local_child MODEL NAME THREADS CONTEXT` reads the key that callers must show from its first
line of standard input, prints `{"address": "http://127.0.0.1:…"}` when it answers, and ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import sys


def main(arguments: list[str]) -> None:
    model, name, threads, context = arguments
    key = sys.stdin.readline().strip()
    import xllamacpp  # only here: 100 MB that the panel itself never loads

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.model_alias = {name}
    parameters.n_ctx = int(context)
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = int(threads)
    parameters.cpuparams_batch.n_threads = int(threads)
    parameters.api_keys = [key]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.use_jinja = True
    parameters.warmup = False
    parameters.ui = False
    parameters.endpoint_slots = False
    server = xllamacpp.Server(parameters)
    sys.stdout.write(json.dumps({"address": server.listening_address}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    # The server's threads need not be waited for: nothing of theirs is on a disk.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
