import { getHeader, HeaderLines } from "../abi/headers";
import { getProperty } from "../abi/properties";
import { HeaderMapType, Status } from "../abi/types";
import { Bytes } from "../bytes/bytes";
import { HeaderList, HeaderReader, HttpSource } from "./header-facts";

const LINES = new HeaderLines();

/** The request of the current stream, read from the host. */
@final
export class HostRequest implements HttpSource {
  /** The number of header lines that the host has announced. */
  lineCount: u32 = 0;

  header(name: Bytes): Bytes | null {
    return getHeader(HeaderMapType.HttpRequestHeaders, name);
  }

  /** Some hosts return an empty list if they cannot list the lines. A list with fewer lines than announced is incomplete. */
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
