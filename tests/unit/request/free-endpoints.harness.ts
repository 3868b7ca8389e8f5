import "../../../assembly/abi/abort";
import { Bytes, bytesOf } from "../../../assembly/bytes/bytes";
import { consumes, Consumes } from "../../../assembly/request/free-endpoints";
import { HeaderList, HeaderReader, HttpSource } from "../../../assembly/request/header-facts";

/** A request with one header beside its method and path, if that has a name. */
class Request implements HttpSource {
  constructor(private extra: string) {}

  header(name: Bytes): Bytes | null {
    return String.UTF8.decode(name) == this.extra ? bytesOf("x") : null;
  }

  headers(_reader: HeaderReader): HeaderList {
    return HeaderList.Unavailable;
  }

  property(_path: Bytes): Bytes | null {
    return null;
  }
}

export function isFree(method: string, path: ArrayBuffer, hasBody: bool, extra: string): bool {
  return consumes(bytesOf(method), path, new Request(extra), hasBody) < Consumes.Tokens;
}

/** What a request may consume, as a number. */
export function kind(method: string, path: ArrayBuffer, hasBody: bool): i32 {
  return consumes(bytesOf(method), path, new Request(""), hasBody);
}
