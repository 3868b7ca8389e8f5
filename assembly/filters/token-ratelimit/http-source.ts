import { getHeader } from "../../abi/headers";
import { getProperty } from "../../abi/properties";
import { HeaderMapType } from "../../abi/types";
import { Bytes } from "../../bytes/bytes";
import { HttpSource } from "../../request/http-facts";

/** The request of the current stream, as the host gives it. */
@final
export class HostRequest implements HttpSource {
  header(name: Bytes): Bytes | null {
    return getHeader(HeaderMapType.HttpRequestHeaders, name);
  }

  property(path: Bytes): Bytes | null {
    return getProperty(path);
  }
}
