"""A proxy-wasm host on the WebAssembly engine wasmtime, with just the calls that the filter makes.

It is strict: a module that imports anything else, or asks for something a host could not carry out, fails. It shares no
code with the hosts in TypeScript, which all run on V8. https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1
"""

from __future__ import annotations

import inspect
import struct
from urllib.parse import unquote_to_bytes

from wasmtime import Config, Engine, Func, FuncType, Instance, Module, Store, ValType, _ffi

i64 = int  # Marks the parameters of host calls that are 64 bits wide; all others have 32.

OK, NOT_FOUND, BAD_ARGUMENT = 0, 1, 2
REQUEST_HEADERS, RESPONSE_HEADERS, CALL_HEADERS = 0, 2, 6
REQUEST_BODY, RESPONSE_BODY, CALL_BODY, PLUGIN_CONFIGURATION, REDIS_REPLY = 0, 1, 4, 7, 9
NOW = 1_800_000_000_000_000_000

# Every proposal that wasmtime can switch off. What it cannot is mutable globals, sign extension and conversions that do
# not trap.
PROPOSALS = [
    "bulk_memory",
    "custom_page_sizes",
    "exceptions",
    "function_references",
    "gc",
    "memory64",
    "multi_memory",
    "multi_value",
    "reference_types",
    "relaxed_simd",
    "simd",
    "stack_switching",
    "tail_call",
    "threads",
    "wide_arithmetic",
]


def engine(*proposals: str) -> Engine:
    """An engine that knows these proposals, and none else of those above."""
    config = Config()
    for name in PROPOSALS:
        setattr(config, f"wasm_{name}", name in proposals)
    # Components want reference types, and the Python package has no switch for their asynchronous half.
    _ffi.wasmtime_config_wasm_component_model_async_set(config.ptr(), False)
    return Engine(config)


class Stream:
    """What the host has of one request, and what the filter did with it."""

    def __init__(self) -> None:
        self.headers: dict[int, dict[bytes, bytes]] = {}
        self.bodies: dict[int, bytes] = {}
        self.action = -1
        self.continued = 0
        self.answer: dict | None = None


class Host:
    """One VM with one root context, whose id is 1."""

    def __init__(self, using: Engine, file: str) -> None:
        self.store = Store(using)
        module = Module.from_file(using, file)
        self.logs: list[str] = []
        self.metrics: dict[str, int] = {}
        self.streams: dict[int, Stream] = {}
        # Commands for Redis that have not been answered: their tokens and words.
        self.commands: list[tuple[int, list[str]]] = []
        self.configuration: bytes | None = None
        self.reply: bytes | None = None
        self.reply_headers: dict[bytes, bytes] = {}
        self.context = 0
        self.tick_period = 0
        self.metric_names: list[str] = []
        self.next_token = 1
        imports = []
        for wanted in module.imports:
            call = getattr(self, wanted.name, None) if wanted.name.startswith("proxy_") else None
            if wanted.module != "env" or call is None:
                raise RuntimeError(f"no host offers {wanted.module}.{wanted.name}")
            imports.append(Func(self.store, type_of(call), call))
        self.exports = Instance(self.store, module, imports).exports(self.store)
        self.memory = self.exports["memory"]
        # What stands between the host's calls and Redis: HTTP calls, or Redis calls.
        self.has_http = "proxy_on_http_call_response" in self.exports
        self.guest("_initialize")
        self.within(1, "proxy_on_context_create", 0)
        self.within(1, "proxy_on_vm_start", 0)

    # The guest, as the host uses it.

    def guest(self, name: str, *args: int):
        return self.exports[name](self.store, *args)

    def within(self, context: int, name: str, *args: int):
        """Calls the guest with `context` as the current one."""
        outer, self.context = self.context, context
        result = self.guest(name, context, *args)
        self.context = outer
        return result

    def read(self, pointer: int, size: int) -> bytes:
        if pointer < 0 or size < 0 or pointer + size > self.memory.data_len(self.store):
            raise RuntimeError("out of the guest's memory")
        return bytes(self.memory.read(self.store, pointer, pointer + size))

    def text(self, pointer: int, size: int) -> str:
        return self.read(pointer, size).decode()

    def number(self, slot: int, value: int, layout: str = "<I") -> int:
        self.memory.write(self.store, struct.pack(layout, value), slot)
        return OK

    def give(self, value: bytes, pointer_slot: int, size_slot: int) -> int:
        pointer = self.guest("malloc", len(value)) if value else 0
        if value:
            self.memory.write(self.store, value, pointer)
        self.number(pointer_slot, pointer)
        return self.number(size_slot, len(value))

    def configure(self, configuration: bytes) -> bool:
        self.configuration = configuration
        accepted = self.within(1, "proxy_on_configure", len(configuration)) == 1
        self.configuration = None
        return accepted

    def request(self, id: int, headers: dict[bytes, bytes], body: bytes) -> Stream:
        stream = self.streams[id] = Stream()
        self.within(id, "proxy_on_context_create", 1)
        stream.headers = {REQUEST_HEADERS: headers}
        stream.action = self.within(id, "proxy_on_request_headers", len(headers), 0)
        stream.bodies = {REQUEST_BODY: body}
        self.within(id, "proxy_on_request_body", len(body), 1)
        return stream

    def respond(self, id: int, headers: dict[bytes, bytes], chunks: list[bytes]) -> None:
        stream = self.streams[id]
        stream.headers = {RESPONSE_HEADERS: headers}
        self.within(id, "proxy_on_response_headers", len(headers), 0)
        for chunk in chunks:
            stream.bodies = {RESPONSE_BODY: chunk}
            self.within(id, "proxy_on_response_body", len(chunk), chunk is chunks[-1])

    def finish(self, id: int) -> None:
        self.within(id, "proxy_on_log")
        self.within(id, "proxy_on_done")
        self.within(id, "proxy_on_delete")
        del self.streams[id]

    def deliver(self, reply: bytes) -> None:
        """Answers the oldest command, over whatever it was sent."""
        token, _ = self.commands.pop(0)
        self.reply = reply
        if self.has_http:
            self.reply_headers = {b":status": b"200"}
            self.within(1, "proxy_on_http_call_response", token, 1, len(reply), 0)
        else:
            self.within(1, "proxy_on_redis_call_response", token, 0, len(reply))
        self.reply, self.reply_headers = None, {}

    # The host, as the guest uses it.

    def proxy_log(self, level: int, pointer: int, size: int) -> int:
        self.logs.append(f"{level} {self.text(pointer, size)}")
        return OK

    def proxy_get_log_level(self, slot: int) -> int:
        return self.number(slot, 0)

    def proxy_get_current_time_nanoseconds(self, slot: int) -> int:
        return self.number(slot, NOW, "<Q")

    def proxy_set_tick_period_milliseconds(self, period: int) -> int:
        self.tick_period = period
        return OK

    def proxy_get_property(self, path: int, size: int, pointer_slot: int, size_slot: int) -> int:
        self.text(path, size)
        return NOT_FOUND

    def proxy_set_property(self, path: int, size: int, value: int, value_size: int) -> int:
        self.text(path, size), self.text(value, value_size)
        return OK

    def proxy_get_buffer_bytes(self, kind: int, start: int, most: int, pointer_slot: int, size_slot: int) -> int:
        if kind == PLUGIN_CONFIGURATION:
            value = self.configuration
        elif kind in (CALL_BODY, REDIS_REPLY):
            value = self.reply
        else:
            value = self.streams[self.context].bodies.get(kind)
        if value is None:
            return NOT_FOUND
        return self.give(value[start : start + (most & 0xFFFFFFFF)], pointer_slot, size_slot)

    def headers(self, kind: int) -> dict[bytes, bytes] | None:
        return self.reply_headers if kind == CALL_HEADERS else self.streams[self.context].headers.get(kind)

    def proxy_set_buffer_bytes(self, kind: int, start: int, size: int, data: int, length: int) -> int:
        raise RuntimeError("proxy_set_buffer_bytes: nothing here is a WebSocket or a lowered cap")

    def proxy_close_stream(self, kind: int) -> int:
        raise RuntimeError("proxy_close_stream: nothing here is a WebSocket")

    def proxy_get_header_map_value(self, kind: int, name: int, size: int, pointer_slot: int, size_slot: int) -> int:
        headers = self.headers(kind)
        if headers is None:
            return BAD_ARGUMENT
        value = headers.get(self.read(name, size))
        return NOT_FOUND if value is None else self.give(value, pointer_slot, size_slot)

    def proxy_get_header_map_pairs(self, kind: int, pointer_slot: int, size_slot: int) -> int:
        headers = self.headers(kind)
        if headers is None:
            return BAD_ARGUMENT
        return self.give(encode_pairs(list(headers.items())), pointer_slot, size_slot)

    def proxy_remove_header_map_value(self, kind: int, name: int, size: int) -> int:
        headers = self.headers(kind)
        if headers is None:
            return BAD_ARGUMENT
        headers.pop(self.read(name, size), None)
        return OK

    def proxy_replace_header_map_value(self, kind: int, name: int, size: int, value: int, value_size: int) -> int:
        headers = self.headers(kind)
        if headers is None:
            return BAD_ARGUMENT
        headers[self.read(name, size)] = self.read(value, value_size)
        return OK

    def proxy_define_metric(self, kind: int, name: int, size: int, slot: int) -> int:
        self.metric_names.append(self.text(name, size))
        return self.number(slot, len(self.metric_names) - 1)

    def proxy_record_metric(self, metric: int, value: i64) -> int:
        return OK

    def proxy_increment_metric(self, metric: int, by: i64) -> int:
        name = self.metric_names[metric]
        self.metrics[name] = self.metrics.get(name, 0) + by
        return OK

    def proxy_set_effective_context(self, context: int) -> int:
        if context != 1 and context not in self.streams:
            return BAD_ARGUMENT
        self.context = context
        return OK

    def proxy_continue_stream(self, kind: int) -> int:
        stream = self.streams[self.context]
        if kind != 0 or stream.answer is not None:
            raise RuntimeError(f"continue_stream({kind}) after {stream.answer}")
        stream.continued += 1
        return OK

    def proxy_done(self) -> int:
        raise RuntimeError("proxy_done without having been asked")

    def proxy_send_local_response(
        self, code: int, details: int, details_size: int, body: int, body_size: int, pairs: int, size: int, grpc: int
    ) -> int:
        stream = self.streams[self.context]
        if stream.answer is not None or stream.continued > 0:
            raise RuntimeError("a response to a request that has been answered or let through")
        stream.answer = {
            "status": code,
            "details": self.text(details, details_size),
            "body": self.text(body, body_size),
            "headers": dict(parse_pairs(self.read(pairs, size))),
        }
        return OK

    def sent(self, words: list[bytes], slot: int) -> int:
        self.commands.append((self.next_token, [word.decode() for word in words]))
        self.next_token += 1
        return self.number(slot, self.next_token - 1)

    def proxy_redis_init(
        self, service: int, size: int, user: int, user_size: int, password: int, password_size: int, timeout: int
    ) -> int:
        self.text(service, size), self.text(user, user_size), self.text(password, password_size)
        return OK

    def proxy_redis_call(self, service: int, size: int, query: int, query_size: int, slot: int) -> int:
        self.text(service, size)
        return self.sent(parse_command(self.read(query, query_size)), slot)

    def proxy_http_call(
        self,
        cluster: int,
        size: int,
        headers: int,
        headers_size: int,
        body: int,
        body_size: int,
        trailers: int,
        trailers_size: int,
        timeout: int,
        slot: int,
    ) -> int:
        self.text(cluster, size)
        names = dict(parse_pairs(self.read(headers, headers_size)))
        if not {":method", ":path", ":authority"} <= names.keys() or parse_pairs(self.read(trailers, trailers_size)):
            raise RuntimeError(f"not an HTTP request: {names}")
        path, _, form = self.read(body, body_size).rpartition(b".")
        if form != b"json":
            raise RuntimeError(f"not a command of Webdis: {path!r}.{form!r}")
        return self.sent([unquote_to_bytes(word) for word in path.split(b"/")], slot)


def type_of(call) -> FuncType:
    """The type of a host call, so that a module that expects another one is not linked."""
    widths = [parameter.annotation for parameter in inspect.signature(call).parameters.values()]
    return FuncType([ValType.i64() if width == "i64" else ValType.i32() for width in widths], [ValType.i32()])


def parse_pairs(data: bytes) -> list[tuple[str, str]]:
    """A count, the sizes of each name and value, then each with a NUL behind it, and not a byte more."""
    (count,) = struct.unpack_from("<I", data)
    sizes = struct.unpack_from(f"<{2 * count}I", data, 4)
    at, texts = 4 + 8 * count, []
    for size in sizes:
        if data[at + size] != 0:
            raise RuntimeError("header pairs: a NUL is missing")
        texts.append(data[at : at + size].decode())
        at += size + 1
    if at != len(data):
        raise RuntimeError("header pairs: wrong size")
    return list(zip(texts[::2], texts[1::2]))


def encode_pairs(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """The same encoding."""
    sizes = [len(text) for pair in pairs for text in pair]
    texts = b"".join(text + b"\0" for pair in pairs for text in pair)
    return struct.pack(f"<{1 + len(sizes)}I", len(pairs), *sizes) + texts


def parse_command(data: bytes) -> list[bytes]:
    """The words of exactly one RESP2 command."""
    head, _, rest = data.partition(b"\r\n")
    words = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.removeprefix(b"$"))
        words.append(rest[:length])
        if rest[length : length + 2] != b"\r\n":
            raise RuntimeError(f"not a command: {data!r}")
        rest = rest[length + 2 :]
    if head != b"*%d" % len(words):
        raise RuntimeError(f"not a command: {data!r}")
    return words
