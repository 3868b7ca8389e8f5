"""Plays two requests through a module in wasmtime, and prints what was seen as JSON: play.py <module.wasm>

The first may pass, and its response streams in with a usage of 42 tokens; the second is above its limit of 100.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from proxy_wasm import Host, engine
from wasmtime import Module, WasmtimeError

LIMIT = {
    "rule_name": "r",
    "rule_items": [{"limit_by_per_header": "x-api-key", "limit_keys": [{"key": "*", "token_per_minute": 100}]}],
}
HEADERS = {b":method": b"POST", b":path": b"/v1/chat/completions", b":authority": b"llm", b"x-api-key": b"alice"}
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


def reply_of(host: Host, *items: int | None) -> bytes:
    """An array as Webdis or Redis writes it, which ends with the number of the oldest command."""
    _, words = host.commands[0]
    number = words[-1]
    if host.has_http:
        return json.dumps({"EVALSHA": [*items, number]}).encode()
    values = ["$-1\r\n" if item is None else f":{item}\r\n" for item in items]
    return f"*{len(items) + 1}\r\n{''.join(values)}${len(number)}\r\n{number}\r\n".encode()


def allowed(host: Host) -> dict:
    stream = host.request(2, dict(HEADERS), QUESTION)
    commands = [words for _, words in host.commands]
    host.deliver(reply_of(host, None, -2))
    # Cut anywhere, also within words.
    chunks = [ANSWER[at : at + 7] for at in range(0, len(ANSWER), 7)]
    host.respond(2, {b":status": b"200", b"content-type": b"text/event-stream"}, chunks)
    commands += [words for _, words in host.commands]
    host.finish(2)
    host.deliver(reply_of(host, 141_000, 42))
    return {"action": stream.action, "continued": stream.continued, "answer": stream.answer, "commands": commands}


def rejected(host: Host) -> dict:
    stream = host.request(3, dict(HEADERS), QUESTION)
    commands = [words for _, words in host.commands]
    host.deliver(reply_of(host, 101, 30_000))
    host.finish(3)
    return {"action": stream.action, "continued": stream.continued, "answer": stream.answer, "commands": commands}


def main(file: str) -> None:
    host = Host(engine("bulk_memory"), file)
    redis = {"service_name": "redis.dns", **({"http": {"cluster": "webdis"}} if host.has_http else {})}
    is_accepted = host.configure(json.dumps({**LIMIT, "redis": redis}).encode())
    is_refused = not host.configure(b'{"rule_name": 1')
    seen = {
        "engine": f"wasmtime {version('wasmtime')}",
        "valid_in_webassembly_1": is_valid(file),
        "accepted": is_accepted,
        "refused": is_refused,
        "allowed": allowed(host),
        "rejected": rejected(host),
        "unanswered": len(host.commands),
        "metrics": host.metrics,
        "logs": host.logs,
    }
    print(json.dumps(seen))


main(sys.argv[1])
