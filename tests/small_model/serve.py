"""Runs llama.cpp's OpenAI-compatible server in a process of its own: `python serve.py PACKAGES MODEL`.

Prints the server's address as the first line of standard output and ends when standard input is closed, so that it cannot
outlive the test that started it.
"""

from __future__ import annotations

import sys


def main(packages: str, model: str) -> None:
    sys.path.insert(0, packages)
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 4096
    params.n_parallel = 1
    params.n_predict = 200  # so small a model may repeat itself without end
    params.cpuparams.n_threads = 2
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
