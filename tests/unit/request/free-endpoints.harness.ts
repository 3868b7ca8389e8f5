import "../../../assembly/abi/abort";
import { Bytes, bytesOf } from "../../../assembly/bytes/bytes";
import { consumes, Consumes } from "../../../assembly/request/free-endpoints";
import { HttpSource } from "../../../assembly/request/http-facts";

/** A request with a method, a path and one more header, if that has a name. */
class Request implements HttpSource {
  constructor(
    private method: string,
    private path: ArrayBuffer,
    private extra: string,
  ) {}

  header(name: Bytes): Bytes | null {
    const text = String.UTF8.decode(name);
    if (text == ":method") return bytesOf(this.method);
    if (text == ":path") return this.path;
    return text == this.extra ? bytesOf("x") : null;
  }

  property(_path: Bytes): Bytes | null {
    return null;
  }
}

export function isFree(method: string, path: ArrayBuffer, hasBody: bool, extra: string): bool {
  return consumes(new Request(method, path, extra), hasBody) < Consumes.Tokens;
}

/** What a request may consume, as a number. */
export function kind(method: string, path: ArrayBuffer, hasBody: bool): i32 {
  return consumes(new Request(method, path, ""), hasBody);
}
