import { getHeader, HeaderLines } from "../abi/headers";
import { getProperty } from "../abi/properties";
import { HeaderMapType, Status } from "../abi/types";
import { Bytes } from "../bytes/bytes";
import { HeaderList, HeaderReader, HttpSource } from "./http-facts";

const LINES = new HeaderLines();

/** The request of the current stream, as the host gives it. */
@final
export class HostRequest implements HttpSource {
  /** How many header lines the host says that there are. */
  lineCount: u32 = 0;

  header(name: Bytes): Bytes | null {
    return getHeader(HeaderMapType.HttpRequestHeaders, name);
  }

  /** Hosts make an empty list of one that they cannot tell; no request has fewer lines than were announced. */
  headers(reader: HeaderReader): HeaderList {
    const status = LINES.open(HeaderMapType.HttpRequestHeaders);
    const isWhole = status == Status.Ok && LINES.count > 0 && LINES.count >= this.lineCount;
    if (isWhole) {
      while (LINES.next()) reader.line(LINES.name, LINES.nameSize, LINES.value, LINES.valueSize);
      reader.endOfLines();
    }
    LINES.close();
    if (isWhole) return HeaderList.Complete;
    const isCut = status == Status.Ok || status == Status.SerializationFailure;
    return isCut ? HeaderList.Cut : HeaderList.Unavailable;
  }

  property(path: Bytes): Bytes | null {
    return getProperty(path);
  }
}
