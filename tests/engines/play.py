"""Plays two requests through a module in wasmtime, and prints what was seen as JSON: play.py <module.wasm> <scene>

The first may pass, and its response streams in with a usage of 42 tokens; the second may not. The scene is JSON: the module's
`configuration` without its Redis, a `header` of the requests, and what Redis replies when it is asked about the first (`passes`),
told what it used (`charged`) and asked about the second (`denied`).
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from proxy_wasm import Host, engine
from wasmtime import Module, WasmtimeError

HEADERS = {b":method": b"POST", b":path": b"/v1/chat/completions", b":authority": b"llm"}
QUESTION = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"Hello"}]}'
ANSWER = b"""data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"}}]}

data: {"object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":2,"completion_tokens":40,"total_tokens":42}}

data: [DONE]

"""


def is_valid(file: str, *proposals: str) -> bool:
    """Whether the module is valid for an engine that knows these proposals only."""
    try:
        Module.from_file(engine(*proposals), file)
    except WasmtimeError:
        return False
    return True


def reply_of(host: Host, items: list) -> bytes:
    """An array as Webdis or Redis writes it, which ends with the number of the oldest command."""
    _, words = host.commands[0]
    values = [*items, words[-1]]
    if host.has_http:
        return json.dumps({"EVALSHA": values}).encode()
    return f"*{len(values)}\r\n{''.join(map(resp, values))}".encode()


def resp(value: int | str | None) -> str:
    """A value as Redis writes it."""
    if value is None:
        return "$-1\r\n"
    return f":{value}\r\n" if isinstance(value, int) else f"${len(value)}\r\n{value}\r\n"


def allowed(host: Host, scene: dict, headers: dict) -> dict:
    stream = host.request(2, dict(headers), QUESTION)
    commands = [words for _, words in host.commands]
    host.deliver(reply_of(host, scene["passes"]))
    # Cut anywhere, also within words.
    chunks = [ANSWER[at : at + 7] for at in range(0, len(ANSWER), 7)]
    host.respond(2, {b":status": b"200", b"content-type": b"text/event-stream"}, chunks)
    commands += [words for _, words in host.commands]
    host.finish(2)
    host.deliver(reply_of(host, scene["charged"]))
    return {"action": stream.action, "continued": stream.continued, "answer": stream.answer, "commands": commands}


def denied(host: Host, scene: dict, headers: dict) -> dict:
    stream = host.request(3, dict(headers), QUESTION)
    commands = [words for _, words in host.commands]
    host.deliver(reply_of(host, scene["denied"]))
    host.finish(3)
    return {"action": stream.action, "continued": stream.continued, "answer": stream.answer, "commands": commands}


def main(file: str, scene: dict) -> None:
    host = Host(engine("bulk_memory"), file)
    redis = {"service_name": "redis.dns", **({"http": {"cluster": "webdis"}} if host.has_http else {})}
    is_accepted = host.configure(json.dumps({**scene["configuration"], "redis": redis}).encode())
    is_refused = not host.configure(b'{"rule_name": 1')
    headers = {**HEADERS, **{name.encode(): value.encode() for name, value in scene["header"].items()}}
    seen = {
        "engine": f"wasmtime {version('wasmtime')}",
        "valid_in_webassembly_1": is_valid(file),
        "accepted": is_accepted,
        "refused": is_refused,
        "allowed": allowed(host, scene, headers),
        "denied": denied(host, scene, headers),
        "unanswered": len(host.commands),
        "metrics": host.metrics,
        "logs": host.logs,
    }
    print(json.dumps(seen))


main(sys.argv[1], json.loads(sys.argv[2]))
